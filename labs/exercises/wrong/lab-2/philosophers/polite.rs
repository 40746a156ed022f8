//! Verdict: livelock
//! Who does not get the second fork puts the first one back, and tries at once again.

use shmkv_grader::lab_2::philosophers::{SEATS, Table};

pub fn take(table: &Table, seat: usize) {
    loop {
        table.forks[seat].wait().expect("a fork");
        if table.forks[(seat + 1) % SEATS].try_wait().expect("a fork") {
            return;
        }
        table.forks[seat].post().expect("a fork");
    }
}

pub fn put(table: &Table, seat: usize) {
    table.forks[seat].post().expect("a fork");
    table.forks[(seat + 1) % SEATS].post().expect("a fork");
}
