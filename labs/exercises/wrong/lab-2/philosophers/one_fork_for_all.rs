//! Verdict: wrong result
//! Fork 0 keeps all away; who eats has one fork, which need not be its own.

use shmkv_grader::lab_2::philosophers::Table;

pub fn take(table: &Table, _: usize) {
    table.forks[0].wait().expect("a fork");
}

pub fn put(table: &Table, _: usize) {
    table.forks[0].post().expect("a fork");
}
