//! What a slot was before its value is replaced, for the case that its owner
//! dies meanwhile.
//!
//! Idea: a long value cannot be replaced by one store, and no reader may see it
//! by half, so its key is hidden first. The old pair is kept here until the new
//! one is in place; whoever recovers the table puts it back.
//! Limits: it lies behind the table, in the last page of an object of its own;
//! C programs neither write nor heed it.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, fence};

use super::{Slot, Table, Text, VALUE_SIZE};

/// The old contents of a slot.
///
/// | offset | size | field       | written by | rule                              |
/// |-------:|-----:|-------------|------------|-----------------------------------|
/// |      0 |    4 | `armed`     | owner      | 0, or 1 + the slot under change   |
/// |      4 |    4 | `version`   | owner      | the table's, before the change    |
/// |      8 |    8 | `timestamp` | owner      | the slot's                        |
/// |     16 |    8 | `key`       | owner      | the key's first word: all that is hidden |
/// |     24 |  256 | `value`     | owner      | the slot's                        |
#[repr(C)]
pub struct Undo {
    armed: AtomicU32,
    version: AtomicU32,
    timestamp: AtomicI64,
    key: AtomicU64,
    value: Text<{ VALUE_SIZE / 8 }>,
}

impl Undo {
    /// Keeps what is in slot `index`, which the caller is about to change.
    pub(crate) fn arm(&self, table: &Table, index: usize) {
        let slot = &table.slots[index];
        // It is armed already where the lock was freed by force. Release, as below:
        // without it, half a copy could be taken for the old one.
        self.armed.store(0, Relaxed);
        fence(Release);
        // Relaxed: the caller holds the lock, and the fences order the rest.
        self.version.store(table.version.load(Relaxed), Relaxed);
        self.timestamp.store(slot.timestamp.load(Relaxed), Relaxed);
        self.key.store(slot.key.first_word(), Relaxed);
        self.value.copy_from(&slot.value);
        // Release, twice: pairs with the Acquire in `restore`. Without the first,
        // half a copy could be taken for a whole one; without the second, the
        // slot could be half changed with no copy at hand.
        fence(Release);
        self.armed.store(index as u32 + 1, Relaxed);
        fence(Release);
    }

    /// The change is done.
    pub(crate) fn disarm(&self) {
        // Release: not before the last store of the change.
        self.armed.store(0, Release);
    }

    // ANCHOR: restore
    /// Puts back what an owner that is dead had hidden, if it had; returns the
    /// slot. The caller must hold the table's lock. Killed at any step, it
    /// can be called again: it disarms last.
    pub(crate) fn restore(&self, table: &Table) -> Option<usize> {
        // Acquire: pairs with the fences in `arm`.
        let index = (self.armed.load(Acquire) as usize).checked_sub(1)?;
        let restored = self.restore_slot(table, index);
        self.disarm();
        restored
    }
    // ANCHOR_END: restore

    fn restore_slot(&self, table: &Table, index: usize) -> Option<usize> {
        let slot = table.slots.get(index)?;
        // Where another change has followed, the lock was freed by force, and
        // this is history. Where the key shows, the change was complete, or had
        // not begun.
        let is_current = self.version.load(Relaxed) == table.version.load(Relaxed);
        if !is_current || !slot.key.is_empty() {
            return None;
        }
        slot.value.copy_from(&self.value);
        slot.timestamp.store(self.timestamp.load(Relaxed), Relaxed);
        slot.key.store_first_word(self.key.load(Relaxed));
        Some(index)
    }
}

impl Slot {
    /// Whether key and value are ended by a NUL each.
    pub(crate) fn is_whole(&self) -> bool {
        self.key.load().is_some() && self.value.load().is_some()
    }
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Undo, version) == 4);
    assert!(offset_of!(Undo, timestamp) == 8);
    assert!(offset_of!(Undo, key) == 16);
    assert!(offset_of!(Undo, value) == 24);
    assert!(size_of::<Undo>() == 280);
};
