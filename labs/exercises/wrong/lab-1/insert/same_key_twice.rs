//! Verdict: wrong result
//! Whoever loses a slot goes on without looking at who won it.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    for slot in &table.slots {
        if slot.key.load(Acquire) == key {
            return false;
        }
        if slot.key.compare_exchange(FREE, key, AcqRel, Acquire).is_ok() {
            slot.value.store(value, Relaxed);
            table.count.fetch_add(1, Relaxed);
            return true;
        }
    }
    false
}
