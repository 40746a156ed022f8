//! Verdict: lost update
//! It looks at each once more before it deletes, and others come in between all the same.

use shmkv::{KeyValue, Table};
use shmkv_grader::lab_4::sweep::STALE;

pub fn sweep(table: &Table) -> usize {
    let snapshot = table.entries().expect("a table");
    let is_stale = |key: &Vec<u8>| table.get(key).is_ok_and(|value| value == STALE.as_bytes());
    let keys = snapshot.entries.into_iter().map(|entry| entry.key);
    keys.filter(|key| is_stale(key) && table.delete(key).is_ok()).count()
}
