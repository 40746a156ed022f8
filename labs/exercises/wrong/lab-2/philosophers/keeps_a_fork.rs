//! Verdict: left the lock held
//! One fork is never put back.

use shmkv_grader::lab_2::philosophers::{SEATS, Table};

pub fn take(table: &Table, seat: usize) {
    let right = (seat + 1) % SEATS;
    table.forks[seat.min(right)].wait().expect("a fork");
    table.forks[seat.max(right)].wait().expect("a fork");
}

pub fn put(table: &Table, seat: usize) {
    table.forks[seat].post().expect("a fork");
}
