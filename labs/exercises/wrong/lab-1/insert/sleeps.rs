//! Verdict: lost update
//! It waits before it writes, so that others have time to finish.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    for slot in &table.slots {
        std::thread::sleep(Duration::from_micros(key % 1_000));
        let found = slot.key.load(Relaxed);
        if found == key {
            return false;
        }
        if found == FREE {
            slot.key.store(key, Relaxed);
            slot.value.store(value, Relaxed);
            table.count.fetch_add(1, Relaxed);
            return true;
        }
    }
    false
}
