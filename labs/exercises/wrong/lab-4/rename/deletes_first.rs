//! Verdict: wrong result
//! A reader that has passed the old name comes upon the new one; a kill leaves none.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::rename::{FREE, Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    let _guard = table.lock.guard().expect("a semaphore");
    let (Some(from), None, Some(to)) = (find(table, old), find(table, new), find(table, FREE))
    else {
        return false;
    };
    let value = from.value.load(Relaxed);
    from.key.store(FREE, Relaxed);
    to.value.store(value, Relaxed);
    to.key.store(new, Relaxed);
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
