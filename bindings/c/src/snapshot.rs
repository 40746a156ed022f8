//! A copy of the table, all of one moment.

use libc::{c_char, c_int, time_t};
use shmkv::{CAPACITY, Entry, KEY_SIZE, KeyValue, Snapshot, Table, VALUE_SIZE};

use crate::arguments::Store;
use crate::boundary;
use crate::failure::Failure;

/// A pair in memory of the caller's: C's `kv_pair_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Pair {
    /// The key and its NUL; all zero where the slot is free.
    pub key: [c_char; KEY_SIZE],
    /// The value and its NUL.
    pub value: [c_char; VALUE_SIZE],
    /// When it was last set, in seconds since 1970.
    pub timestamp: time_t,
}

/// A table in memory of the caller's: C's `shared_memory_kv_snapshot_t`.
#[repr(C)]
pub struct TableCopy {
    /// The pairs, each at its slot.
    pub kv_table: [Pair; CAPACITY],
    /// The table's version.
    pub version: u32,
    /// The number of occupied slots.
    pub entry_count: u32,
}

/// Copies the whole table, under its lock, to `snapshot_out`.
///
/// # Safety
/// `store` is NULL or a mapped table, `snapshot_out` NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_snapshot(
    store: *mut Table,
    snapshot_out: *mut TableCopy,
) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Store::at(store) }?;
        if snapshot_out.is_null() {
            return Err(Failure::null("snapshot_out"));
        }
        let copy = TableCopy::of(&store.entries()?);
        // SAFETY: the caller's promise.
        unsafe { snapshot_out.write(copy) };
        Ok(())
    })
}

impl TableCopy {
    fn of(snapshot: &Snapshot) -> Self {
        let mut copy = Self {
            kv_table: [Pair { key: [0; KEY_SIZE], value: [0; VALUE_SIZE], timestamp: 0 }; CAPACITY],
            version: snapshot.version,
            entry_count: snapshot.entries.len() as u32,
        };
        for Entry { slot, key, value, timestamp } in &snapshot.entries {
            let pair = &mut copy.kv_table[*slot];
            fill(&mut pair.key, key);
            fill(&mut pair.value, value);
            pair.timestamp = *timestamp;
        }
        copy
    }
}

fn fill(text: &mut [c_char], bytes: &[u8]) {
    for (to, from) in text.iter_mut().zip(bytes) {
        *to = from.cast_signed();
    }
}
