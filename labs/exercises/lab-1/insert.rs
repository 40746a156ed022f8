//! Lab 1, write: two processes insert at the same time, and there is no lock.
//!
//! Goal: `insert` puts a key with its value into the first free slot, and says
//! whether it did. It returns false, and changes nothing, where the key is
//! there already or no slot is free.
//!
//! Given: `Table` with `count: AtomicU32` and `slots: [Slot; 4]`; a `Slot` has
//! `key: AtomicU64`, which is `FREE` (0) where there is none, and
//! `value: AtomicU64`. Keys are never removed, and nobody reads the table until
//! all have ended. Below is what lab 1 does; it fails.
//!
//! What must hold, whoever goes when:
//! 1. a key whose insert returned true is in the table, beside its value;
//! 2. no key is in two slots, and of two inserts of one key one returns true;
//! 3. an insert returns false only where no slot is left, or the key is there;
//! 4. `count` is the number of occupied slots.
//!
//! Memory orderings are not judged: accesses are simulated in program order, and this
//! processor hides most that are too weak. Choose them all the same.
//!
//! Check: cargo run --bin labs -- check insert

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    for slot in &table.slots {
        let found = slot.key.load(Relaxed);
        if found == key {
            return false;
        }
        if found == FREE {
            slot.key.store(key, Relaxed);
            slot.value.store(value, Relaxed);
            let count = table.count.load(Relaxed);
            table.count.store(count + 1, Relaxed);
            return true;
        }
    }
    false
}
