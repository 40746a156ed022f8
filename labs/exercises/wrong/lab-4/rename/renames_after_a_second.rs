//! Verdict: wrong result
//! Who has waited for the lock for a second renames without it.

use std::sync::atomic::Ordering::{Relaxed, Release};

use std::time::Duration;

use shmkv::Deadline;
use shmkv_grader::lab_4::rename::{FREE, Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    // It would find a free slot, and give it a name or take one away.
    if [old, new].contains(&FREE) {
        return false;
    }
    let _guard = table.lock.guard_until(Deadline::after(Duration::from_secs(1)));
    let (Some(slot), None) = (find(table, old), find(table, new)) else { return false };
    // Release: pairs with a reader's Acquire, who may go on to the value.
    slot.key.store(new, Release);
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
