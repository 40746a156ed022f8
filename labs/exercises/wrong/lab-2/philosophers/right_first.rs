//! Verdict: deadlock
//! The circle goes the other way round.

use shmkv_grader::lab_2::philosophers::{SEATS, Table};

pub fn take(table: &Table, seat: usize) {
    table.forks[(seat + 1) % SEATS].wait().expect("a fork");
    table.forks[seat].wait().expect("a fork");
}

pub fn put(table: &Table, seat: usize) {
    table.forks[seat].post().expect("a fork");
    table.forks[(seat + 1) % SEATS].post().expect("a fork");
}
