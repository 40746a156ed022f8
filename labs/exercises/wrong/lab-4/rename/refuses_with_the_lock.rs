//! Verdict: deadlock
//! Where it refuses, it returns without giving the lock back.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::rename::{FREE, Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    if [old, new].contains(&FREE) {
        return false;
    }
    table.lock.wait().expect("a semaphore");
    let (Some(slot), None) = (find(table, old), find(table, new)) else { return false };
    slot.key.store(new, Relaxed);
    table.lock.post().expect("a semaphore");
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
