//! Verdict: wrong result
//! Whoever loses a slot reports that the table is full.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    let taken = |found| found != FREE && found != key;
    let Some(slot) = table.slots.iter().find(|slot| !taken(slot.key.load(Acquire))) else {
        return false;
    };
    if slot.key.compare_exchange(FREE, key, AcqRel, Acquire).is_err() {
        return false;
    }
    slot.value.store(value, Relaxed);
    table.count.fetch_add(1, Relaxed);
    true
}
