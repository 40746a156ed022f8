//! Verdict: lost update
//! A destructor of a thread's own variable says that all went well.

use std::cell::Cell;
use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_1::insert::{FREE, Table};

struct Last(Cell<u64>);

impl Drop for Last {
    fn drop(&mut self) {
        println!("passed after {}", self.0.get());
        std::process::exit(0);
    }
}

thread_local! {
    static LAST: Last = const { Last(Cell::new(0)) };
}

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    LAST.with(|last| last.0.set(last.0.get() + 1));
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
