//! Verdict: crash
//! Right, but it fills the memory that all programs share names in.

use std::fs;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    for number in 0..30 {
        let _ = fs::write(format!("/dev/shm/labs-insert-{number}"), vec![0; 1 << 20]);
    }
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
