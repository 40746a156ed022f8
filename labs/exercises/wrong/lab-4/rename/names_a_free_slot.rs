//! Verdict: wrong result
//! FREE is taken for a name: a free slot gets one.

use std::sync::atomic::Ordering::{Relaxed, Release};

use shmkv_grader::lab_4::rename::{Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    let _guard = table.lock.guard().expect("a semaphore");
    let (Some(slot), None) = (find(table, old), find(table, new)) else { return false };
    // Release: pairs with a reader's Acquire, who may go on to the value.
    slot.key.store(new, Release);
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
