//! Verdict: wrong result
//! Who has waited for the table for a millisecond gives up.

use std::time::Duration;

use shmkv::{Condition, KeyValue, StoreError, Table};
use shmkv_grader::lab_4::sweep::STALE;

pub fn sweep(table: &Table) -> usize {
    let mut deleted = 0;
    loop {
        let table = table.within(Duration::from_millis(1));
        let Ok(snapshot) = table.entries() else { return deleted };
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
}
