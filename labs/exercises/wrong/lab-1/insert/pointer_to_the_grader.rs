//! Verdict: does not compile
//! With unsafe code all could be reached.

use shmkv_grader::lab_1::insert::Table;

pub fn insert(table: &Table, _: u64, _: u64) -> bool {
    let anything = table as *const Table as *mut u8;
    unsafe { anything.write(1) };
    true
}
