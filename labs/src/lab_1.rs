//! Lab 1: a table in shared memory, and nobody takes a lock.
//!
//! Idea: a set reads the version and the count, writes a value and a key, and
//! writes version and count back. Whatever another process does in between is
//! overwritten, or overwrites.
//! Limits: the fields are atomics, because a race on plain memory is undefined
//! in Rust: the compiler may then do what no interleaving explains. Relaxed is
//! enough and costs nothing, being a plain load or store of the processor. No
//! stronger ordering would help: what is atomic here is the access, not the set.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use crate::explore::{Case, Claim};
use crate::table::{
    Contents, FREE, SLOTS, Slot, Word, key, key_for, keys_set, sets_made, written_by,
};

shared! {
    /// A table that nothing protects.
    pub struct Table {
        /// Counts sets.
        pub version: AtomicU32,
        /// Counts occupied slots.
        pub count: AtomicU32,
        /// The occupied ones come first: nothing is ever deleted.
        pub slots: [Slot; SLOTS],
    }
}

impl Table {
    // ANCHOR: set
    /// Gives `key` the value that consists of `word`, in the first free slot if
    /// the key is new.
    pub fn set(&self, key: u64, word: Word) {
        let (version, count) = (self.version.load(Relaxed), self.count.load(Relaxed));
        let Some((slot, found)) = self.find(key) else { return };
        slot.write(word);
        if found == FREE {
            slot.key.store(key, Relaxed);
            self.count.store(count + 1, Relaxed);
        }
        self.version.store(version + 1, Relaxed);
    }
    // ANCHOR_END: set

    // ANCHOR: find
    /// The slot of `key`, or the first free one, and the key that it holds.
    /// `None` where all are taken, which only damage brings about.
    pub fn find(&self, key: u64) -> Option<(&Slot, u64)> {
        let mut slots = self.slots.iter().map(|slot| (slot, slot.key.load(Relaxed)));
        slots.find(|(_, found)| *found == key || *found == FREE)
    }
    // ANCHOR_END: find

    /// A copy, for when all processes have ended.
    pub fn contents(&self) -> Contents {
        Contents::new(self.version.load(Relaxed), self.count.load(Relaxed), &self.slots)
    }
}

// ANCHOR: scenario
/// `processes` writers on an empty table, each making so many `sets`.
pub fn scenario(processes: usize, sets: u32) -> Scenario<Table> {
    let scenario = Scenario::new("race without a semaphore", |_: &Table| {});
    scenario
        .processes(processes, "writer", move |me, table: &Table| {
            for turn in 0..sets {
                table.set(key(key_for(me, turn)), written_by(me));
            }
        })
        .invariant("version counts every set", move |end| {
            end.shared.contents().version_counts(sets_made(end, sets))
        })
        .invariant("every key that was set is there", move |end| {
            end.shared.contents().has_all(keys_set(end, sets))
        })
        .invariant("no key is in two slots", |end| end.shared.contents().has_none_twice())
        .invariant("count is that of the occupied slots", |end| {
            end.shared.contents().count_is_right()
        })
        .invariant("every value is of one writer", |end| end.shared.contents().values_are_whole())
}
// ANCHOR_END: scenario

/// Small enough for every schedule.
pub fn cases() -> Vec<Case> {
    let case =
        |name, sets| Case { name, claim: Claim::Fails, scenario: Box::new(scenario(2, sets)) };
    vec![case("one-set", 1), case("two-sets", 2)]
}
