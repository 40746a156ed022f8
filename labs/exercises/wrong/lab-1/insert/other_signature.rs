//! Verdict: does not compile
//! It is not what was asked for.

use shmkv_grader::lab_1::insert::Table;

pub fn insert(table: &Table) -> bool {
    table.slots.is_empty()
}
