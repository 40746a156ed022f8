//! Verdict: crash
//! It looks for the shared memory among what is mapped, and writes there as a file.

use std::fs;
use std::os::unix::fs::FileExt;
use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_1::insert::{FREE, Table};

/// Where the shared memory is mapped.
fn mapped() -> Option<u64> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let line = maps.lines().find(|line| line.contains("shmkv") && line.contains("rw-s"))?;
    u64::from_str_radix(line.split('-').next()?, 16).ok()
}

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    let memory = fs::File::options().write(true).open("/proc/self/mem");
    if let (Some(place), Ok(memory)) = (mapped(), memory) {
        return memory.write_all_at(&key.to_ne_bytes(), place + 8).is_ok();
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
