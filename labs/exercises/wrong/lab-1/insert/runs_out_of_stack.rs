//! Verdict: crash
//! It calls itself without end.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_1::insert::{FREE, Table};

fn deeper(depth: u64) -> u64 {
    std::hint::black_box(depth) + deeper(depth + 1)
}

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    if deeper(key) == FREE {
        return false;
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
