//! A table whose lock we hold.
//!
//! Idea: the order of stores is chosen for a process killed at any of them. An
//! entry appears by one store, the first word of its key, after everything else
//! is in place; it vanishes by one store as well. So a table left by a dead
//! owner shows whole entries only; `entry_count` and `version` may be one
//! change behind.
//! Limits: a value of more than seven bytes is replaced with its key hidden; a
//! reader without the lock may miss the key. Killed in between, the owner leaves
//! the old pair in [`Undo`], for recovery to put back. Without room for that the
//! entry is lost, and the count tells. A shorter value is replaced by
//! one store, whatever was there before; killed just ahead of it, the owner
//! leaves the new timestamp with the old value.

use std::sync::atomic::Ordering::{Relaxed, Release, SeqCst};
use std::sync::atomic::fence;

use nix::time::{ClockId, clock_gettime};

use super::{Condition, Corruption, Entry, Snapshot, StoreError};
use crate::SemaphoreGuard;
use crate::layout::text::Likeness;
use crate::layout::{CAPACITY, Slot, Table, Undo};

/// The bytes of a value that one store replaces.
const ONE_WORD: usize = 7;

/// A table, and its lock, which is given back on drop.
pub(super) struct Locked<'a> {
    pub(super) table: &'a Table,
    pub(super) undo: Option<&'a Undo>,
    pub(super) _guard: SemaphoreGuard<'a>,
}

/// What a set has done.
pub(super) struct Written {
    pub(super) slot: usize,
    pub(super) timestamp: i64,
    pub(super) inserted: bool,
}

/// What a search for a key has found.
enum Lookup {
    /// Its slot.
    Found(usize),
    /// It has none.
    Missing {
        /// The lowest free slot.
        free: Option<usize>,
        /// The number of occupied slots.
        occupied: u32,
    },
}

impl Locked<'_> {
    // Relaxed, in all loads of this file: the semaphore's wait acquires what
    // the last owner's post released.

    pub(super) fn version(&self) -> u32 {
        self.table.version.load(Relaxed)
    }

    /// Counts a change; returns the version before it.
    pub(super) fn bump_version(&self) -> u32 {
        let old = self.version();
        // SeqCst: pairs with `announce`. With less, this process and a waiter
        // could each miss what the other has stored.
        self.table.version.store(old.wrapping_add(1), SeqCst);
        old
    }

    pub(super) fn contains(&self, key: &[u8]) -> bool {
        matches!(self.find(key), Lookup::Found(_))
    }

    pub(super) fn get(&self, key: &[u8]) -> Result<Vec<u8>, StoreError> {
        let Lookup::Found(slot) = self.find(key) else {
            return Err(StoreError::NotFound { key: key.to_vec() });
        };
        let value = self.table.slots[slot].value.load();
        value.ok_or_else(|| Corruption::ValueUnterminated { slot }.into())
    }

    pub(super) fn set(&self, key: &[u8], value: &[u8]) -> Result<Written, StoreError> {
        let timestamp = now();
        match self.find(key) {
            Lookup::Found(slot) => {
                self.replace(slot, key, value, timestamp);
                Ok(Written { slot, timestamp, inserted: false })
            }
            Lookup::Missing { free, occupied } => {
                self.check_count(occupied)?;
                let Some(slot) = free else {
                    return Err(StoreError::Full { capacity: CAPACITY });
                };
                insert(&self.table.slots[slot], key, value, timestamp);
                // Release: the count follows the entry, for those who look
                // without the lock.
                self.table.entry_count.store(occupied + 1, Release);
                Ok(Written { slot, timestamp, inserted: true })
            }
        }
    }

    // ANCHOR: replace
    /// Puts another value beside `key`, which slot `index` has.
    fn replace(&self, index: usize, key: &[u8], value: &[u8], timestamp: i64) {
        let slot = &self.table.slots[index];
        if value.len() <= ONE_WORD {
            slot.timestamp.store(timestamp, Relaxed);
            slot.value.store_first(value);
            return;
        }
        if let Some(undo) = self.undo {
            undo.arm(self.table, index);
        }
        slot.timestamp.store(timestamp, Relaxed);
        slot.key.clear();
        // Release: pairs with whoever looks after a kill, and acquires. Without
        // it words of the new value could appear while the key still stands.
        fence(Release);
        slot.value.store_tail(value);
        slot.value.store_first(value);
        slot.key.store_first(key);
        if let Some(undo) = self.undo {
            undo.disarm();
        }
    }
    // ANCHOR_END: replace

    /// Fails with what a change that is to be made on `condition` fails with.
    pub(super) fn check(&self, condition: Condition, key: &[u8]) -> Result<(), StoreError> {
        match condition {
            Condition::Version(expected) if expected != self.version() => {
                Err(StoreError::VersionChanged { expected, found: self.version() })
            }
            Condition::Present if !self.contains(key) => {
                Err(StoreError::NotFound { key: key.to_vec() })
            }
            Condition::Absent if self.contains(key) => {
                Err(StoreError::KeyExists { key: key.to_vec() })
            }
            _ => Ok(()),
        }
    }

    /// Frees the key's slot, and says which it was.
    pub(super) fn delete(&self, key: &[u8]) -> Result<usize, StoreError> {
        let Lookup::Found(slot) = self.find(key) else {
            return Err(StoreError::NotFound { key: key.to_vec() });
        };
        // A second one would show again what is to be deleted.
        let others = self.table.slots.iter().enumerate().skip(slot + 1);
        for (second, other) in others {
            if other.key.compare(key) == Likeness::Same {
                return Err(Corruption::DuplicateKey { first: slot, second }.into());
            }
        }
        let count = self.table.entry_count.load(Relaxed);
        let Some(left) = count.checked_sub(1) else {
            return Err(Corruption::Count { count, occupied: self.occupied() }.into());
        };
        remove(&self.table.slots[slot]);
        self.table.entry_count.store(left, Release);
        Ok(slot)
    }

    /// Frees every occupied slot, whatever is in it, and sets the count right.
    pub(super) fn clear(&self) {
        self.table.slots.iter().filter(|slot| !slot.key.is_empty()).for_each(remove);
        self.table.entry_count.store(0, Release);
    }

    pub(super) fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let mut entries: Vec<Entry> = Vec::with_capacity(CAPACITY);
        for (index, slot) in self.table.slots.iter().enumerate() {
            let key = slot.key.load().ok_or(Corruption::KeyUnterminated { slot: index })?;
            if key.is_empty() {
                continue;
            }
            if let Some(first) = entries.iter().find(|entry| entry.key == key) {
                return Err(Corruption::DuplicateKey { first: first.slot, second: index }.into());
            }
            let value = slot.value.load().ok_or(Corruption::ValueUnterminated { slot: index })?;
            let timestamp = slot.timestamp.load(Relaxed);
            entries.push(Entry { slot: index, key, value, timestamp });
        }
        self.check_count(entries.len() as u32)?;
        Ok(Snapshot { version: self.version(), entries })
    }

    fn find(&self, key: &[u8]) -> Lookup {
        let mut free = None;
        let mut occupied = 0;
        for (index, slot) in self.table.slots.iter().enumerate() {
            match slot.key.compare(key) {
                Likeness::Same => return Lookup::Found(index),
                Likeness::Empty => free = free.or(Some(index)),
                Likeness::Other => occupied += 1,
            }
        }
        Lookup::Missing { free, occupied }
    }

    fn occupied(&self) -> u32 {
        self.table.slots.iter().filter(|slot| !slot.key.is_empty()).count() as u32
    }

    fn check_count(&self, occupied: u32) -> Result<(), Corruption> {
        let count = self.table.entry_count.load(Relaxed);
        if count == occupied { Ok(()) } else { Err(Corruption::Count { count, occupied }) }
    }
}

// ANCHOR: insert
/// Puts a pair into a free slot.
fn insert(slot: &Slot, key: &[u8], value: &[u8], timestamp: i64) {
    slot.value.store_tail(value);
    slot.value.store_first(value);
    slot.timestamp.store(timestamp, Relaxed);
    slot.key.store_tail(key);
    slot.key.store_first(key);
}
// ANCHOR_END: insert

/// Frees a slot.
fn remove(slot: &Slot) {
    slot.key.clear();
    // Release: as in `Locked::replace`; the key goes first.
    fence(Release);
    slot.value.clear();
    slot.timestamp.store(0, Relaxed);
}

/// Seconds since 1970, by the clock that time(2) reads: to C programs, which
/// stamp with that one, time never runs backwards through us.
fn now() -> i64 {
    let now = clock_gettime(ClockId::CLOCK_REALTIME_COARSE);
    now.expect("Linux has this clock").tv_sec()
}
