//! Verdict: wrong result
//! The value is written before the slot is taken: another's value can be hit.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    for slot in &table.slots {
        match slot.key.load(Acquire) {
            FREE => slot.value.store(value, Relaxed),
            found if found == key => return false,
            _ => continue,
        }
        match slot.key.compare_exchange(FREE, key, AcqRel, Acquire) {
            Ok(_) => {
                table.count.fetch_add(1, Relaxed);
                return true;
            }
            Err(found) if found == key => return false,
            Err(_) => {}
        }
    }
    false
}
