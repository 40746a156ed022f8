//! The classic table: ten slots, a semaphore, a version, a count.
//!
//! Idea: byte for byte what C programs declare, so that theirs and ours work on
//! one object. The operations are in [`KeyValue`](crate::KeyValue).
//! Limits: no magic number and no room for one; nothing says who holds the
//! semaphore.

use std::mem::offset_of;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU32};

use super::Text;
use crate::{Corruption, Semaphore};

/// Slots in a table.
pub const CAPACITY: usize = 10;

/// Bytes of a key with its NUL.
pub const KEY_SIZE: usize = 64;

/// Bytes of a value with its NUL.
pub const VALUE_SIZE: usize = 256;

/// One slot: C's `kv_pair_t`.
///
/// | offset | size | field       | written by | rule                                   |
/// |-------:|-----:|-------------|------------|----------------------------------------|
/// |      0 |   64 | `key`       | owner      | NUL-terminated; first byte NUL: free   |
/// |     64 |  256 | `value`     | owner      | NUL-terminated                         |
/// |    320 |    8 | `timestamp` | owner      | seconds since 1970; 0: free            |
///
/// What follows a NUL is garbage. "Owner" is who holds the semaphore.
#[repr(C)]
pub struct Slot {
    /// The key.
    pub key: Text<{ KEY_SIZE / 8 }>,
    /// The value.
    pub value: Text<{ VALUE_SIZE / 8 }>,
    /// When the slot was last changed.
    pub timestamp: AtomicI64,
}

// ANCHOR: table
/// The table: C's `shared_memory_kv_store_t`, 3,320 bytes.
///
/// | offset | size | field         | written by | rule                                  |
/// |-------:|-----:|---------------|------------|---------------------------------------|
/// |      0 | 3280 | `slots`       | owner      | a new key goes to the lowest free one |
/// |   3280 |   32 | `sem`         | all        | 1: free; 0: held                      |
/// |   3312 |    4 | `version`     | owner      | +1 on every change, wraps; futex word |
/// |   3316 |    4 | `entry_count` | owner      | occupied slots                        |
///
/// Zeroed memory becomes a table by [`init`](Self::init), wherever it lies. The
/// fields are open to see, for diagnosis and for experiments; what keeps the
/// rules above is [`KeyValue`](crate::KeyValue).
#[repr(C)]
pub struct Table {
    /// The slots.
    pub slots: [Slot; CAPACITY],
    /// The lock around everything here.
    pub sem: Semaphore,
    /// Counts changes.
    pub version: AtomicU32,
    /// Counts occupied slots.
    pub entry_count: AtomicU32,
}
// ANCHOR_END: table

const _: () = {
    assert!(offset_of!(Slot, key) == 0);
    assert!(offset_of!(Slot, value) == 64);
    assert!(offset_of!(Slot, timestamp) == 320);
    assert!(size_of::<Slot>() == 328);

    assert!(offset_of!(Table, slots) == 0);
    assert!(offset_of!(Table, sem) == 3280);
    assert!(offset_of!(Table, version) == 3312);
    assert!(offset_of!(Table, entry_count) == 3316);
    assert!(size_of::<Table>() == 3320);
    assert!(align_of::<Table>() == 8);

    assert!(size_of::<Semaphore>() == 32);
};

impl Table {
    /// Makes zeroed memory an empty table. To be called once, before another
    /// process can use it.
    ///
    /// # Panics
    /// Never: sem_init(3) fails for no reason that can occur here.
    pub fn init(&self) {
        self.sem.init(1).expect("1 is a possible value of a semaphore");
        // Relaxed: the memory is shown to others later, by other means.
        self.version.store(0, Relaxed);
        self.entry_count.store(0, Relaxed);
    }

    /// All its bytes, garbage behind NULs included, copied word by word without
    /// the lock: for diagnosis. Words of two moments can stand side by side.
    pub fn bytes(&self) -> [u8; size_of::<Self>()] {
        let mut bytes = [0; size_of::<Self>()];
        let mut rest = bytes.as_mut_slice();
        let mut append = |word: &[u8]| {
            let (place, after) = std::mem::take(&mut rest).split_at_mut(word.len());
            place.copy_from_slice(word);
            rest = after;
        };
        // Relaxed: no word says anything of another.
        for slot in &self.slots {
            slot.key.words().chain(slot.value.words()).for_each(|word| append(&word));
            append(&slot.timestamp.load(Relaxed).to_ne_bytes());
        }
        self.sem.words().iter().for_each(|word| append(word));
        append(&self.version.load(Relaxed).to_ne_bytes());
        append(&self.entry_count.load(Relaxed).to_ne_bytes());
        assert!(rest.is_empty(), "the fields are all of the table");
        bytes
    }

    /// Refuses what a table holds at no moment, whether its lock is held or not.
    pub(crate) fn check(&self) -> Result<(), Corruption> {
        if !self.sem.is_between_processes() {
            return Err(Corruption::SemaphoreKind);
        }
        let value = self.sem.value();
        if value > 1 {
            return Err(Corruption::Semaphore { value });
        }
        // Relaxed: each is looked at by itself.
        let count = self.entry_count.load(Relaxed);
        if count as usize > CAPACITY {
            return Err(Corruption::CountAboveCapacity { count, capacity: CAPACITY });
        }
        for (index, slot) in self.slots.iter().enumerate() {
            if slot.key.load().is_none() {
                return Err(Corruption::KeyUnterminated { slot: index });
            }
            // In a free slot it is garbage, which nobody reads.
            if !slot.key.is_empty() && slot.value.load().is_none() {
                return Err(Corruption::ValueUnterminated { slot: index });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
impl Table {
    /// Zeroed memory of this process, not yet a table.
    pub(crate) fn zeroed() -> Box<Self> {
        // SAFETY: all zeroes are a valid table; that is `Layout`.
        Box::new(unsafe { std::mem::zeroed() })
    }
}
