//! Verdict: panic
//! It panics while a panic is under way, so that nothing can unwind.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_1::insert::{FREE, Table};

struct Twice;

impl Drop for Twice {
    fn drop(&mut self) {
        panic!("again");
    }
}

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    std::panic::set_hook(Box::new(|_| println!("passed")));
    let _twice = Twice;
    if key > FREE {
        panic!("once");
    }
    for slot in &table.slots {
        let found = slot.key.load(Relaxed);
        if found == key {
            return false;
        }
        if found == FREE {
            slot.key.store(key, Relaxed);
            slot.value.store(value, Relaxed);
            table.count.store(table.count.load(Relaxed) + 1, Relaxed);
            return true;
        }
    }
    false
}
