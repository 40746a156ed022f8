//! Verdict: livelock
//! Keys are never removed: a slot that is lost stays lost.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    for slot in &table.slots {
        match slot.key.load(Acquire) {
            FREE => while slot.key.compare_exchange(FREE, key, AcqRel, Acquire).is_err() {},
            found if found == key => return false,
            _ => continue,
        }
        slot.value.store(value, Relaxed);
        table.count.fetch_add(1, Relaxed);
        return true;
    }
    false
}
