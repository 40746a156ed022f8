//! What lies in shared memory, and how bytes are copied in and out.
//!
//! Idea: a peer may write any byte at any time, so no reference to plain bytes
//! ever points there. Shared fields are atomics; text is copied by [`Text`],
//! word by word.
//! Limits: atomics make each word whole, not a row of them. What must be seen
//! together is read and written under the table's semaphore.

mod table;
pub(crate) mod text;
mod trailer;
mod undo;

pub use table::{CAPACITY, KEY_SIZE, Slot, Table, VALUE_SIZE};
pub use text::Text;
pub use trailer::Trailer;
pub(crate) use trailer::{MEMBERS, Member};
pub use undo::Undo;

use std::sync::atomic::{
    AtomicI8, AtomicI16, AtomicI32, AtomicI64, AtomicU8, AtomicU16, AtomicU32, AtomicU64,
};

use crate::Semaphore;

/// A type that may lie in memory shared between processes.
///
/// # Safety
/// - every bit pattern is valid, all zeroes included: peers may write anything;
/// - all fields can change behind a shared reference: atomics, or cells whose
///   functions synchronise between processes;
/// - it holds no pointer and no reference, and needs no drop;
/// - its alignment is at most 4,096 bytes.
pub unsafe trait Layout: Sync + 'static {}

macro_rules! numbers {
    ($($type:ty),+) => {$(
        // SAFETY: an atomic integer is valid for all bits, changes behind a
        // shared reference, and holds no pointer.
        unsafe impl Layout for $type {}
    )+};
}

numbers!(AtomicU8, AtomicU16, AtomicU32, AtomicU64, AtomicI8, AtomicI16, AtomicI32, AtomicI64);

// SAFETY: an array has no bytes beside its elements, which are `Layout`.
unsafe impl<T: Layout, const N: usize> Layout for [T; N] {}

// SAFETY: its fields are atomics, and all its bytes belong to fields.
unsafe impl Layout for Semaphore {}

// SAFETY: an array of atomic words.
unsafe impl<const WORDS: usize> Layout for Text<WORDS> {}

// SAFETY: its fields are `Layout`, and all its bytes belong to fields.
unsafe impl Layout for Slot {}

// SAFETY: as for `Slot`.
unsafe impl Layout for Table {}

// SAFETY: as for `Slot`.
unsafe impl Layout for Undo {}

// SAFETY: as for `Slot`.
unsafe impl Layout for Member {}

// SAFETY: as for `Slot`.
unsafe impl Layout for Trailer {}
