//! Lab 2: the same table, and each set holds a semaphore.
//!
//! Idea: a set waits for the semaphore, does what it did in lab 1, and posts. Of
//! all sets that have begun, one is between wait and post.
//! Source: sem_overview(7). The guard posts when it is dropped, on a panic too.
//! Limits: a semaphore knows no owner. Whoever dies between wait and post leaves
//! the others waiting; whoever forgets to wait or to post is not told. See
//! `wrong`. The accesses stay Relaxed: wait acquires what post released.

pub mod wrong;

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::{End, Scenario, shared};

use crate::explore::{Case, Claim};
use crate::table::{
    Contents, FREE, SLOTS, Slot, Word, key, key_for, keys_set, sets_made, written_by,
};

shared! {
    /// A table that a semaphore protects.
    pub struct Table {
        /// 1: free; 0: held.
        pub lock: Semaphore,
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
        let _guard = self.lock.guard().expect("a semaphore");
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

    /// The slot of `key`, or the first free one, and the key that it holds.
    /// `None` where all are taken, which only damage brings about.
    pub fn find(&self, key: u64) -> Option<(&Slot, u64)> {
        let mut slots = self.slots.iter().map(|slot| (slot, slot.key.load(Relaxed)));
        slots.find(|(_, found)| *found == key || *found == FREE)
    }

    /// A copy, for when all processes have ended.
    pub fn contents(&self) -> Contents {
        Contents::new(self.version.load(Relaxed), self.count.load(Relaxed), &self.slots)
    }
}

/// `processes` writers on an empty table, each making so many `sets`.
pub fn scenario(processes: usize, sets: u32) -> Scenario<Table> {
    let scenario = Scenario::new("the same with a semaphore", |table: &Table| {
        table.lock.init(1).expect("a semaphore");
    });
    scenario
        .processes(processes, "writer", move |me, table: &Table| {
            for turn in 0..sets {
                table.set(key(key_for(me, turn)), written_by(me));
            }
        })
        .invariant("version counts every set", move |end| {
            check(end, |table| table.version_counts(sets_made(end, sets)))
        })
        .invariant("every key that was set is there", move |end| {
            check(end, |table| table.has_all(keys_set(end, sets)))
        })
        .invariant("no key is in two slots", |end| check(end, Contents::has_none_twice))
        .invariant("count is that of the occupied slots", |end| {
            check(end, Contents::count_is_right)
        })
        .invariant("every value is of one writer", |end| check(end, Contents::values_are_whole))
}

/// Looks at the table, unless a process was killed that held the lock: then it may be
/// half changed, and nobody gets the lock to see that.
fn check(
    end: &End<'_, Table>,
    holds: impl Fn(&Contents) -> Result<(), String>,
) -> Result<(), String> {
    let locked_for_good = end.killed() > 0 && end.shared.lock.value() == 0;
    if locked_for_good { Ok(()) } else { holds(&end.shared.contents()) }
}

/// Small enough for every schedule.
pub fn cases() -> Vec<Case> {
    let case =
        |name, sets| Case { name, claim: Claim::Holds, scenario: Box::new(scenario(2, sets)) };
    let mut cases = vec![case("one-set", 1), case("two-sets", 2)];
    cases.extend(wrong::cases());
    cases
}
