//! Verdict: lost update
//! Values that begin like STALE are deleted.

use shmkv::{Condition, KeyValue, StoreError, Table};
use shmkv_grader::lab_4::sweep::STALE;

pub fn sweep(table: &Table) -> usize {
    let mut deleted = 0;
    loop {
        let snapshot = table.entries().expect("a table");
        let mut entries = snapshot.entries.iter();
        let Some(stale) = entries.find(|entry| entry.value[0] == STALE.as_bytes()[0]) else {
            return deleted;
        };
        match table.remove(&stale.key, Condition::Version(snapshot.version)) {
            Ok(_) => deleted += 1,
            Err(StoreError::VersionChanged { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
