//! Verdict: crash
//! It looks for an answer in files; no file can be opened.

use std::fs;

use shmkv_grader::lab_1::insert::Table;

const SOLUTION: &str = "labs/exercises/solutions/lab-1/insert.rs";

pub fn insert(_: &Table, _: u64, _: u64) -> bool {
    fs::read_to_string(SOLUTION).is_ok()
}
