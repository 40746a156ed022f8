//! Verdict: wrong result
//! Who has waited for the first fork for a second goes on to the second one.

use std::time::Duration;

use shmkv::Deadline;
use shmkv_grader::lab_2::philosophers::{SEATS, Table};

pub fn take(table: &Table, seat: usize) {
    let right = (seat + 1) % SEATS;
    let _ = table.forks[seat.min(right)].wait_until(Deadline::after(Duration::from_secs(1)));
    table.forks[seat.max(right)].wait().expect("a fork");
}

pub fn put(table: &Table, seat: usize) {
    table.forks[seat].post().expect("a fork");
    table.forks[(seat + 1) % SEATS].post().expect("a fork");
}
