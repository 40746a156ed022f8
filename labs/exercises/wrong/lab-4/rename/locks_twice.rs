//! Verdict: deadlock
//! It waits for the lock that it holds.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::rename::{Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    let _guard = table.lock.guard().expect("a semaphore");
    let Some(slot) = locked_find(table, old) else { return false };
    if locked_find(table, new).is_some() {
        return false;
    }
    slot.key.store(new, Relaxed);
    true
}

fn locked_find(table: &Table, key: u64) -> Option<&Slot> {
    let _guard = table.lock.guard().expect("a semaphore");
    find(table, key)
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
