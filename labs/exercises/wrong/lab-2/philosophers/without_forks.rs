//! Verdict: wrong result
//! They eat with their fingers.

use shmkv_grader::lab_2::philosophers::{SEATS, Table};

pub fn take(table: &Table, seat: usize) {
    let _ = table.forks[(seat + 1) % SEATS].value();
}

pub fn put(_: &Table, _: usize) {}
