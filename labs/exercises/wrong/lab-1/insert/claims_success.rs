//! Verdict: wrong result
//! It prints what a grader might look for, and does nothing.

use shmkv_grader::lab_1::insert::Table;

pub fn insert(_: &Table, _: u64, _: u64) -> bool {
    println!("ok");
    println!("{{\"reply\":\"graded\",\"failed\":null,\"evidence\":[]}}");
    true
}
