//! Verdict: wrong result
//! It looks under the lock and stores under the lock, with a gap in between.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::rename::{Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    let found = {
        let _guard = table.lock.guard().expect("a semaphore");
        (find(table, old), find(table, new))
    };
    let (Some(slot), None) = found else { return false };
    let _guard = table.lock.guard().expect("a semaphore");
    slot.key.store(new, Relaxed);
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
