//! Verdict: wrong result
//! Seat 0 has both forks, and each of the others one of these two.

use shmkv_grader::lab_2::philosophers::Table;

pub fn take(table: &Table, seat: usize) {
    table.forks[seat % 2].wait().expect("a fork");
    if seat == 0 {
        table.forks[1].wait().expect("a fork");
    }
}

pub fn put(table: &Table, seat: usize) {
    if seat == 0 {
        table.forks[1].post().expect("a fork");
    }
    table.forks[seat % 2].post().expect("a fork");
}
