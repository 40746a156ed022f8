//! Verdict: wrong result
//! Six times may somebody else be faster.

use shmkv::{Condition, KeyValue, StoreError, Table};
use shmkv_grader::lab_4::sweep::STALE;

pub fn sweep(table: &Table) -> usize {
    let mut deleted = 0;
    let mut vain = 0;
    loop {
        let snapshot = table.entries().expect("a table");
        let mut entries = snapshot.entries.iter();
        let Some(stale) = entries.find(|entry| entry.value == STALE.as_bytes()) else {
            return deleted;
        };
        match table.remove(&stale.key, Condition::Version(snapshot.version)) {
            Ok(_) => deleted += 1,
            Err(StoreError::VersionChanged { .. }) if vain < 6 => vain += 1,
            Err(StoreError::VersionChanged { .. }) => return deleted,
            Err(error) => panic!("{error}"),
        }
    }
}
