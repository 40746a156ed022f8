//! Verdict: crash
//! It ends the process by a signal.

use shmkv_grader::lab_1::insert::Table;

pub fn insert(_: &Table, _: u64, _: u64) -> bool {
    std::process::abort()
}
