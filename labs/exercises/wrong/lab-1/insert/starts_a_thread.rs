//! Verdict: crash
//! Right, but in a thread: the harness sees one in each process.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    let _ = std::thread::Builder::new().spawn(|| {
        loop {
            std::thread::park();
        }
    });
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
