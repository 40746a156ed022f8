//! Verdict: wrong result
//! Two processes find the new name free, and both take it.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::rename::{Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    let (Some(slot), None) = (find(table, old), find(table, new)) else { return false };
    slot.key.store(new, Relaxed);
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
