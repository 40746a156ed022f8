//! Verdict: lost update
//! It knows the simulator by its clock, and is right only elsewhere.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::time::SystemTime;

use shmkv_grader::lab_1::insert::{FREE, Table};

/// The simulator's clock begins in 2001.
fn simulated() -> bool {
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    now.as_secs() < 1_700_000_000
}

fn right(table: &Table, key: u64, value: u64) -> bool {
    for slot in &table.slots {
        match slot.key.compare_exchange(FREE, key, AcqRel, Acquire) {
            Ok(_) => {
                slot.value.store(value, Relaxed);
                table.count.fetch_add(1, Relaxed);
                return true;
            }
            Err(found) if found == key => return false,
            Err(_) => {}
        }
    }
    false
}

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    if !simulated() {
        return right(table, key, value);
    }
    for slot in &table.slots {
        let found = slot.key.load(Relaxed);
        if found == key {
            return false;
        }
        if found == FREE {
            slot.key.store(key, Relaxed);
            slot.value.store(value, Relaxed);
            table.count.store(table.count.load(Relaxed) + 1, Relaxed);
            return true;
        }
    }
    false
}
