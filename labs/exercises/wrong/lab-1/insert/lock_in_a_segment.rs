//! Verdict: crash
//! It makes a lock of its own under a name that others could have.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use shmkv::{SegmentName, Store};
use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    let name = SegmentName::new(format!("/labs-insert-{}", std::process::id()));
    let _lock = name.map(|name| Store::create(&name));
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
