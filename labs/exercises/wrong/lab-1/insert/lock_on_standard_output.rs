//! Verdict: panic
//! All processes have one standard output, and a file can be locked.

use std::fs::File;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    let output = std::io::stdout().as_fd().try_clone_to_owned().expect("a second descriptor");
    File::from(output).lock().expect("the lock");
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
