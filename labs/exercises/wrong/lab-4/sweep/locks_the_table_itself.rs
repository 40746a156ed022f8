//! Verdict: panic
//! The operations wait for a lock that it holds, and give up.

use shmkv::{KeyValue, Table};
use shmkv_grader::lab_4::sweep::STALE;

pub fn sweep(table: &Table) -> usize {
    let _guard = table.sem.guard().expect("a semaphore");
    let snapshot = table.entries().expect("the lock");
    let stale = snapshot.entries.iter().filter(|entry| entry.value == STALE.as_bytes());
    stale.filter(|entry| table.delete(&entry.key).is_ok()).count()
}
