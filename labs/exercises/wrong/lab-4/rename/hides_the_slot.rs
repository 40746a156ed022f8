//! Verdict: lost update
//! It frees the slot for a moment, as a long value of the store is replaced.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::rename::{FREE, Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    if [old, new].contains(&FREE) {
        return false;
    }
    let _guard = table.lock.guard().expect("a semaphore");
    let (Some(slot), None) = (find(table, old), find(table, new)) else { return false };
    slot.key.store(FREE, Relaxed);
    slot.key.store(new, Relaxed);
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
