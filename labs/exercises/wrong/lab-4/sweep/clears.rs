//! Verdict: lost update
//! It deletes everything.

use shmkv::{KeyValue, Table};
use shmkv_grader::lab_4::sweep::STALE;

pub fn sweep(table: &Table) -> usize {
    let snapshot = table.entries().expect("a table");
    table.clear().expect("a table");
    snapshot.entries.iter().filter(|entry| entry.value == STALE.as_bytes()).count()
}
