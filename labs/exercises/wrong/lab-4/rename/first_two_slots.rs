//! Verdict: wrong result
//! The third slot is never looked at.

use std::sync::atomic::Ordering::{Relaxed, Release};

use shmkv_grader::lab_4::rename::{FREE, Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    // It would find a free slot, and give it a name or take one away.
    if [old, new].contains(&FREE) {
        return false;
    }
    let _guard = table.lock.guard().expect("a semaphore");
    let (Some(slot), None) = (find(table, old), find(table, new)) else { return false };
    // Release: pairs with a reader's Acquire, who may go on to the value.
    slot.key.store(new, Release);
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots[..2].iter().find(|slot| slot.key.load(Relaxed) == key)
}
