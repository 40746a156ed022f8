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
    /// Gives keys 0 and 1 the same value, in one change.
    fn set_both(&self, word: Word) {
        let _guard = self.lock.guard().expect("a semaphore");
        self.both().into_iter().flatten().for_each(|slot| slot.write(word));
        self.version.store(self.version.load(Relaxed) + 1, Relaxed);
    }

    /// All words of keys 0 and 1: "I only read, so I need no lock."
    fn get_both_unlocked(&self) -> Vec<Word> {
        self.both().into_iter().flatten().flat_map(Slot::read).collect()
    }

    fn both(&self) -> [Option<&Slot>; 2] {
        [0, 1].map(|number| self.find(key(number)).map(|(slot, _)| slot))
    }
}

/// A writer that makes so many changes of two keys, each under the lock, and a
/// reader that takes none.
pub fn unlocked_reader(changes: usize, reads: usize) -> Scenario<Table> {
    Scenario::new("only the writer locks", |table: &Table| {
        table.lock.init(1).expect("a semaphore");
        (0..2).for_each(|number| table.set(key(number), written_by(0)));
    })
    .process("writer", move |table: &Table| {
        (1..=changes).for_each(|turn| table.set_both(written_by(turn % 2)));
    })
    .process("reader", move |table: &Table| {
        let mixed = (0..reads).find_map(|_| whole(&table.get_both_unlocked()).err());
        mixed.unwrap_or_else(|| "both of one change".into())
    })
    .invariant("the reader finds both of one change", |end| match end.returned(1) {
        None | Some("both of one change") => Ok(()),
        Some(mixed) => Err(format!("it found {mixed}")),
    })
}
// ANCHOR_END: unlocked-reader

// ANCHOR: early-return
impl Table {
    // ANCHOR: insert
    /// Inserts, and says whether the key is new: "nothing to do, so we return."
    fn insert(&self, key: u64, word: Word) -> bool {
        self.lock.wait().expect("a semaphore");
        let Some((slot, FREE)) = self.find(key) else { return false };
        self.fill(slot, key, word);
        self.lock.post().expect("a semaphore");
        true
    }
    // ANCHOR_END: insert
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

/// The same, made small: key 0 is there already, and one of two writers inserts it.
pub fn early_return_to_a_known_key() -> Scenario<Table> {
    Scenario::new("an early return, made small", |table: &Table| {
        table.lock.init(1).expect("a semaphore");
        table.set(key(0), written_by(0));
    })
    .process("a", |table: &Table| table.insert(key(0), written_by(1)))
    .process("b", |table: &Table| table.insert(key(1), written_by(2)))
}

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
    // ANCHOR: fill
    /// Puts a pair into a free slot, under the lock.
    fn fill(&self, slot: &Slot, key: u64, word: Word) {
        slot.write(word);
        slot.key.store(key, Relaxed);
        self.count.store(self.count.load(Relaxed) + 1, Relaxed);
    }
    // ANCHOR_END: fill
}

fn empty(name: &str) -> Scenario<Table> {
    Scenario::new(name, |table: &Table| table.lock.init(1).expect("a semaphore"))
}
