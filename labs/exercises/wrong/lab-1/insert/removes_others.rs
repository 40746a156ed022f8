//! Verdict: crash
//! Right, but it deletes, overwrites and renames what belongs to other programs.

use std::fs;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    let _ = fs::remove_file("/dev/shm/labs-insert-others");
    let _ = fs::write("/dev/shm/labs-insert-others", "gone");
    let _ = fs::rename("/dev/shm/labs-insert-others", "/dev/shm/labs-insert-mine");
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
