//! Verdict: wrong result
//! The left fork alone keeps no neighbour away.

use shmkv_grader::lab_2::philosophers::{SEATS, Table};

pub fn take(table: &Table, seat: usize) {
    table.forks[seat % SEATS].wait().expect("a fork");
}

pub fn put(table: &Table, seat: usize) {
    table.forks[seat].post().expect("a fork");
}
