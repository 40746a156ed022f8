//! Verdict: wrong result
//! It does not ask whether the new name is taken.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::rename::{Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    let _guard = table.lock.guard().expect("a semaphore");
    let Some(slot) = find(table, old) else { return false };
    slot.key.store(new, Relaxed);
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
