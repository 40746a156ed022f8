//! Verdict: wrong result
//! It looks six times, however much there is.

use shmkv::{Condition, KeyValue, StoreError, Table};
use shmkv_grader::lab_4::sweep::STALE;

pub fn sweep(table: &Table) -> usize {
    let mut deleted = 0;
    for _ in 0..6 {
        let snapshot = table.entries().expect("a table");
        let mut entries = snapshot.entries.iter();
        let Some(stale) = entries.find(|entry| entry.value == STALE.as_bytes()) else {
            return deleted;
        };
        match table.remove(&stale.key, Condition::Version(snapshot.version)) {
            Ok(_) => deleted += 1,
            Err(StoreError::VersionChanged { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    deleted
}
