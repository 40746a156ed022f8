//! Verdict: livelock
//! It names the version of the first snapshot again and again.

use shmkv::{Condition, KeyValue, StoreError, Table};
use shmkv_grader::lab_4::sweep::STALE;

pub fn sweep(table: &Table) -> usize {
    let snapshot = table.entries().expect("a table");
    let stale = snapshot.entries.iter().filter(|entry| entry.value == STALE.as_bytes());
    let condition = Condition::Version(snapshot.version);
    let mut deleted = 0;
    for entry in stale {
        while let Err(StoreError::VersionChanged { .. }) = table.remove(&entry.key, condition) {}
        deleted += 1;
    }
    deleted
}
