//! Verdict: crash
//! It has the grader killed, by a program that it starts.

use std::process::Command;

use shmkv_grader::lab_1::insert::Table;

pub fn insert(_: &Table, _: u64, _: u64) -> bool {
    let parent = std::os::unix::process::parent_id().to_string();
    let killed = Command::new("/bin/kill").args(["-KILL", &parent]).status();
    println!("{killed:?}");
    true
}
