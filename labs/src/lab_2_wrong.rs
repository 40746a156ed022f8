//! Lab 2: three wrong ways to use the semaphore.
//!
//! Idea: each looks like a lock, and each fails in its own way: a torn read, a
//! wait without end, and the race of lab 1 once more.
//! Limits: real programs do this far apart, in different files.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_harness::Scenario;

use crate::explore::{Case, Claim};
use crate::lab_2::{self, Table};
use crate::table::{FREE, Slot, Word, key, key_for, whole, written_by};

/// Small enough for every schedule.
pub fn cases() -> Vec<Case> {
    let claim = Claim::Fails;
    vec![
        Case { name: "unlocked-reader", claim, scenario: Box::new(unlocked_reader(1, 1)) },
        Case { name: "early-return", claim, scenario: Box::new(early_return(2)) },
        Case { name: "check-then-act", claim, scenario: Box::new(check_then_act(2, 1)) },
    ]
}

// ANCHOR: unlocked-reader
impl Table {
    /// The value of `key`: "I only read, so I need no lock."
    fn get_unlocked(&self, key: u64) -> Option<[Word; 4]> {
        let (slot, found) = self.find(key)?;
        (found == key).then(|| slot.read())
    }
}

/// A writer that changes a value so many times under the lock, and a reader that
/// takes none.
pub fn unlocked_reader(changes: usize, reads: usize) -> Scenario<Table> {
    prepared("only the writer locks")
        .process("writer", move |table: &Table| {
            (1..=changes).for_each(|turn| table.set(key(0), written_by(turn % 2)));
        })
        .process("reader", move |table: &Table| {
            let values = (0..reads).filter_map(|_| table.get_unlocked(key(0)));
            let torn = values.filter_map(|value| whole(&value).err()).next();
            torn.unwrap_or_else(|| "whole values".into())
        })
        .invariant("the reader reads whole values", |end| match end.returned(1) {
            None | Some("whole values") => Ok(()),
            Some(torn) => Err(format!("it read {torn}")),
        })
}
// ANCHOR_END: unlocked-reader

// ANCHOR: early-return
impl Table {
    /// Inserts, and says whether the key is new: "nothing to do, so we return."
    fn insert(&self, key: u64, word: Word) -> bool {
        self.lock.wait().expect("a semaphore");
        let Some((slot, FREE)) = self.find(key) else { return false };
        self.fill(slot, key, word);
        self.lock.post().expect("a semaphore");
        true
    }
}

/// Writers that each insert key 0, and then a key of their own. The second to
/// insert key 0 returns early, and never posts.
pub fn early_return(processes: usize) -> Scenario<Table> {
    empty("an early return never posts").processes(processes, "writer", |me, table: &Table| {
        table.insert(key(0), written_by(me));
        table.insert(key(me + 1), written_by(me));
    })
}
// ANCHOR_END: early-return

// ANCHOR: check-then-act
impl Table {
    /// Sets: "I look under the lock, and I write under the lock."
    fn set_in_two_steps(&self, key: u64, word: Word) {
        let place = {
            let _guard = self.lock.guard().expect("a semaphore");
            self.find(key)
        };
        // The lock is free. What was found is history.
        let _guard = self.lock.guard().expect("a semaphore");
        match place {
            Some((slot, FREE)) => self.fill(slot, key, word),
            Some((slot, _)) => slot.write(word),
            None => {}
        }
        self.version.store(self.version.load(Relaxed) + 1, Relaxed);
    }
}

/// The writers of lab 1, each looking for the slot under one lock and filling it
/// under the next.
pub fn check_then_act(processes: usize, sets: u32) -> Scenario<Table> {
    let lab_2 = lab_2::scenario(processes, sets);
    let mut scenario =
        empty("check, unlock, act").processes(processes, "writer", move |me, table: &Table| {
            for turn in 0..sets {
                table.set_in_two_steps(key(key_for(me, turn)), written_by(me));
            }
        });
    scenario.invariants = lab_2.invariants;
    scenario
}
// ANCHOR_END: check-then-act

impl Table {
    /// Puts a pair into a free slot, under the lock.
    fn fill(&self, slot: &Slot, key: u64, word: Word) {
        slot.write(word);
        slot.key.store(key, Relaxed);
        self.count.store(self.count.load(Relaxed) + 1, Relaxed);
    }
}

fn empty(name: &str) -> Scenario<Table> {
    Scenario::new(name, |table: &Table| table.lock.init(1).expect("a semaphore"))
}

/// With key 0 in the table.
fn prepared(name: &str) -> Scenario<Table> {
    Scenario::new(name, |table: &Table| {
        table.lock.init(1).expect("a semaphore");
        table.set(key(0), written_by(0));
    })
}
