//! Verdict: crash
//! It ends the process with success before anybody can look.

use shmkv_grader::lab_1::insert::Table;

pub fn insert(_: &Table, _: u64, _: u64) -> bool {
    std::process::exit(0)
}
