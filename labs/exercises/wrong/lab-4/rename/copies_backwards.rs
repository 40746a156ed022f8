//! Verdict: wrong result
//! The new name is written into a slot before the old one: a reader from the last
//! slot finds both, one from the first slot neither.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::rename::{FREE, Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    let _guard = table.lock.guard().expect("a semaphore");
    if [old, new].contains(&FREE) {
        return false;
    }
    let (Some(from), None) = (find(table, old), find(table, new)) else { return false };
    let Some(to) = find(table, FREE) else {
        from.key.store(new, Relaxed);
        return true;
    };
    to.value.store(from.value.load(Relaxed), Relaxed);
    to.key.store(new, Relaxed);
    from.key.store(FREE, Relaxed);
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
