//! Verdict: crash
//! Right, but it leaves a folder and a link behind.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    let _ = fs::create_dir_all("/dev/shm/labs-insert/a/b");
    let _ = symlink("/dev/shm", "/dev/shm/labs-insert/a/link");
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
