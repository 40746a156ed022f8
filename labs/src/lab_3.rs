//! Lab 3: the version tells a reader what happened, if it is asked the right way.
//!
//! Idea: the version is odd during a change and even after it. A reader that
//! finds it even, copies, and finds it the same has copied what was there at one
//! moment, and took no lock. A writer that names the version on which its change
//! rests is told when another was faster.
//! Source: Boehm, "Can Seqlocks Get Along With Programming Language Memory
//! Models?", MSPC 2012, for the fences.
//! Limits: after 2³¹ changes a version comes again. A writer killed in the midst
//! of a change leaves the version odd, and the semaphore held. Who reads and
//! writes this way, and the wrong ways, is in `readers` and `writers`.

pub mod readers;
pub mod writers;

use std::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
    fence,
};

use shmkv::Semaphore;
use shmkv_harness::shared;

use crate::explore::Case;
use crate::table::{FREE, SLOTS, Slot, Value, Word};

shared! {
    /// A table that a semaphore protects, and whose version can be relied on.
    pub struct Table {
        /// 1: free; 0: held.
        pub lock: Semaphore,
        /// Two for each set, and one more during one.
        pub version: AtomicU32,
        /// Counts occupied slots.
        pub count: AtomicU32,
        /// The occupied ones come first: nothing is ever deleted.
        pub slots: [Slot; SLOTS],
    }
}

impl Table {
    /// Makes zeroed memory an empty table.
    pub fn init(&self) {
        self.lock.init(1).expect("a semaphore");
    }

    // ANCHOR: set
    /// Gives `key` the value that consists of `word`, in the first free slot if
    /// the key is new.
    pub fn set(&self, key: u64, word: Word) {
        let _guard = self.lock.guard().expect("a semaphore");
        self.change(key, word);
    }
    // ANCHOR_END: set

    // ANCHOR: compare-and-set
    /// As [`set`](Self::set), if the version is still `seen`; says whether it was.
    pub fn compare_and_set(&self, key: u64, word: Word, seen: u32) -> bool {
        let _guard = self.lock.guard().expect("a semaphore");
        let unchanged = self.version.load(Relaxed) == seen;
        if unchanged {
            self.change(key, word);
        }
        unchanged
    }
    // ANCHOR_END: compare-and-set

    // ANCHOR: change
    fn change(&self, key: u64, word: Word) {
        let (version, count) = (self.version.load(Relaxed), self.count.load(Relaxed));
        let Some((slot, found)) = self.find(key) else { return };
        self.version.store(version + 1, Relaxed);
        // Release: pairs with the Acquire fence in `settled`. Without it a reader
        // could copy a new word, and still find the version as it was.
        fence(Release);
        slot.write(word);
        if found == FREE {
            slot.key.store(key, Relaxed);
            self.count.store(count + 1, Relaxed);
        }
        // Release: pairs with the Acquire load in `settled`. Relaxed could show
        // the new version with old words.
        self.version.store(version + 2, Release);
    }
    // ANCHOR_END: change

    /// The slot of `key`, or the first free one, and the key that it holds.
    /// `None` where all are taken, which only damage brings about.
    pub fn find(&self, key: u64) -> Option<(&Slot, u64)> {
        let mut slots = self.slots.iter().map(|slot| (slot, slot.key.load(Relaxed)));
        slots.find(|(_, found)| *found == key || *found == FREE)
    }

    /// The value of `key`, without the lock.
    pub fn value(&self, key: u64) -> Option<Value> {
        let (slot, found) = self.find(key)?;
        (found == key).then(|| slot.read())
    }

    // ANCHOR: settled
    /// What `copy` copies, and its version, if nothing changed meanwhile.
    pub fn settled<T>(&self, copy: impl FnOnce() -> T) -> Option<(u32, T)> {
        let before = self.version.load(Acquire);
        let copied = copy();
        fence(Acquire);
        let after = self.version.load(Relaxed);
        (before == after && before.is_multiple_of(2)).then_some((before, copied))
    }
    // ANCHOR_END: settled

    /// What `copy` copies, and its version, under the lock.
    pub fn locked<T>(&self, copy: impl FnOnce() -> T) -> (u32, T) {
        let _guard = self.lock.guard().expect("a semaphore");
        (self.version.load(Relaxed), copy())
    }
}

/// Small enough for every schedule.
pub fn cases() -> Vec<Case> {
    [readers::cases(), writers::cases()].into_iter().flatten().collect()
}
