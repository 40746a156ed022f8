//! Lab 4, write: a key gets another name, and nobody sees it halfway.
//!
//! Goal: `rename` gives the value of `old` to `new` instead, and says whether it
//! did. It returns false, and changes nothing, where there is no `old` or there is
//! a `new` already. `FREE` is no name; where either is, it returns false.
//!
//! Given: `Table` with `lock`, a semaphore that begins at 1, and
//! `slots: [Slot; SLOTS]`; a `Slot` has `key: AtomicU64`, which is `FREE` (0) where
//! there is none, and `value: AtomicU64`. Who changes the table takes the lock.
//! Readers take none: they load the keys of all slots, one after the other.
//!
//! A semaphore has `wait()`, `post()` and `guard()`. Below is what inserts first and
//! deletes then; it fails.
//!
//! What must hold, whoever goes when:
//! 1. a reader finds the value under one of the two names, never under both or none;
//! 2. if the process is killed, at any step, the value has one of the two names;
//! 3. of two renames to one name, or of one name, one is made;
//! 4. in the end the lock is at 1, unless its holder was killed.
//!
//! Memory orderings are not judged: accesses are simulated in program order, and this
//! processor hides most that are too weak. Choose them all the same.
//!
//! Check: cargo run --bin labs -- check rename

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::rename::{FREE, Slot, Table};

pub fn rename(table: &Table, old: u64, new: u64) -> bool {
    let _guard = table.lock.guard().expect("a semaphore");
    let (Some(from), None, Some(to)) = (find(table, old), find(table, new), find(table, FREE))
    else {
        return false;
    };
    to.value.store(from.value.load(Relaxed), Relaxed);
    to.key.store(new, Relaxed);
    from.key.store(FREE, Relaxed);
    true
}

fn find(table: &Table, key: u64) -> Option<&Slot> {
    table.slots.iter().find(|slot| slot.key.load(Relaxed) == key)
}
