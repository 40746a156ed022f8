//! Verdict: wrong result
//! It counts entries that others have deleted.

use shmkv::{Condition, KeyValue, Table};
use shmkv_grader::lab_4::sweep::STALE;

pub fn sweep(table: &Table) -> usize {
    let mut seen = 0;
    loop {
        let snapshot = table.entries().expect("a table");
        let mut entries = snapshot.entries.iter();
        let Some(stale) = entries.find(|entry| entry.value == STALE.as_bytes()) else {
            return seen;
        };
        seen += 1;
        let _ = table.remove(&stale.key, Condition::Version(snapshot.version));
    }
}
