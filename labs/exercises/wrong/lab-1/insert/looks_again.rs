//! Verdict: lost update
//! It looks whether its key is still there; it can be overwritten later.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    for slot in &table.slots {
        let found = slot.key.load(Relaxed);
        if found == key {
            return false;
        }
        if found == FREE {
            slot.key.store(key, Relaxed);
            if slot.key.load(Relaxed) == key {
                slot.value.store(value, Relaxed);
                table.count.fetch_add(1, Relaxed);
                return true;
            }
        }
    }
    false
}
