//! What can go wrong with a store, in sentences.

use std::time::Duration;

use super::{NotUtf8, Owner, Process};
use crate::{SegmentError, SegmentName, SemaphoreError};

/// Why an operation on a store failed. Nothing was changed by it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A key has at least one byte.
    #[error("the key is empty; a key has 1 to 63 bytes")]
    EmptyKey,
    /// A NUL would end the key early.
    #[error("the key has a NUL at byte {at}; it would end there")]
    NulInKey {
        /// Where, in bytes from the start.
        at: usize,
    },
    /// A NUL would end the value early.
    #[error("the value has a NUL at byte {at}; it would end there")]
    NulInValue {
        /// Where, in bytes from the start.
        at: usize,
    },
    /// The key does not fit. It is not cut.
    #[error("the key has {found} bytes; at most {limit} fit")]
    KeyTooLong {
        /// Its bytes.
        found: usize,
        /// The most that fit.
        limit: usize,
    },
    /// The value does not fit. It is not cut.
    #[error("the value has {found} bytes; at most {limit} fit")]
    ValueTooLong {
        /// Its bytes.
        found: usize,
        /// The most that fit.
        limit: usize,
    },
    /// Every slot is taken. Delete a key first.
    #[error("the table is full: all {capacity} slots are taken")]
    Full {
        /// The number of slots.
        capacity: usize,
    },
    /// No slot has this key.
    #[error("key {} was not found", quoted(key))]
    NotFound {
        /// The key.
        key: Vec<u8>,
    },
    /// A slot has this key already, and it was to be a new one.
    #[error("key {} exists already", quoted(key))]
    KeyExists {
        /// The key.
        key: Vec<u8>,
    },
    /// Another change came first. Read again, and retry with the found version.
    #[error(
        "version {expected} was expected, and the table is at {found}: another change came first"
    )]
    VersionChanged {
        /// What the caller had seen.
        expected: u32,
        /// What it is now.
        found: u32,
    },
    /// The lock was not free in time, or is held by a process that is dead.
    /// Retrying is safe, and in vain if its owner is dead:
    /// [`Store::recover`](crate::Store::recover) frees it then.
    #[error("the lock was not free within {} ms: {}", waited.as_millis(), held_by(owner))]
    LockTimeout {
        /// How long it was waited for.
        waited: Duration,
        /// Who holds it.
        owner: Owner,
    },
    /// The table holds what no sequence of whole operations leaves.
    #[error("the table is corrupt: {0}")]
    Corrupt(#[from] Corruption),
    /// The object is sized, and nobody has made a table of it: its semaphore is
    /// all zeroes. Retrying is safe.
    #[error("segment {name} is not a table yet: its semaphore was never initialised")]
    NotReady {
        /// The segment's name.
        name: SegmentName,
    },
    /// The object's size is none that a table has.
    #[error(
        "segment {name} holds {found} bytes; a table's has {needed}, or up to {limit}: \
         it is another program's"
    )]
    Foreign {
        /// The segment's name.
        name: SegmentName,
        /// Its size in bytes.
        found: usize,
        /// The size of a table in bytes.
        needed: usize,
        /// That size rounded up to whole pages.
        limit: usize,
    },
    /// The lock is taken, and its owner may live: so nothing was recovered.
    #[error("the lock of segment {name} is taken{}", may_hold(owner, others))]
    InUse {
        /// The segment's name.
        name: SegmentName,
        /// Who holds the lock, if that is known.
        owner: Owner,
        /// Who else has the segment open or mapped, as far as /proc tells.
        others: Vec<Process>,
    },
    /// The bytes are no UTF-8, and a text was asked for.
    #[error(transparent)]
    NotUtf8(#[from] NotUtf8),
    /// The segment could not be created, opened or unlinked.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// The semaphore failed in a way that is no matter of time.
    #[error("the table's lock failed: {0}")]
    Semaphore(SemaphoreError),
    /// `call` failed in a way we do not interpret.
    #[error("{call} failed: {source}")]
    Os {
        /// The system call.
        call: &'static str,
        /// Its errno.
        source: std::io::Error,
    },
}

/// What a table holds that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Corruption {
    /// The count is not that of the occupied slots: an owner died within a
    /// change, or a peer counts wrongly.
    #[error("entry_count is {count}, and {occupied} slots are occupied")]
    Count {
        /// `entry_count`.
        count: u32,
        /// Slots with a key.
        occupied: u32,
    },
    /// The count is more than there are slots.
    #[error("entry_count is {count}, and there are {capacity} slots")]
    CountAboveCapacity {
        /// `entry_count`.
        count: u32,
        /// The number of slots.
        capacity: usize,
    },
    /// A key has no NUL.
    #[error("the key in slot {slot} is not ended by a NUL")]
    KeyUnterminated {
        /// The slot, from 0.
        slot: usize,
    },
    /// A value has no NUL.
    #[error("the value in slot {slot} is not ended by a NUL")]
    ValueUnterminated {
        /// The slot, from 0.
        slot: usize,
    },
    /// Two slots have the same key.
    #[error("slots {first} and {second} have the same key")]
    DuplicateKey {
        /// The lower slot, from 0.
        first: usize,
        /// The higher slot.
        second: usize,
    },
    /// The lock's bytes are not those that sem_init(3) leaves.
    #[error("the semaphore was not initialised as process-shared")]
    SemaphoreKind,
    /// The lock's value is more than 1: several owners could be in at once.
    #[error("the semaphore is {value}, and a lock's is 0 or 1")]
    Semaphore {
        /// Its value.
        value: u32,
    },
}

/// Who holds a lock, and what is to be done.
fn held_by(owner: &Owner) -> String {
    match owner {
        Owner::Unknown => "another process holds it, and may have died while it did; \
                           if so, recover the store"
            .into(),
        Owner::Alive(process) => format!("{process} holds it, and lives"),
        Owner::Dead(process) => format!("{process} died while it held it; recover the store"),
    }
}

/// Who may hold the lock of a store that was not recovered, and what to do.
fn may_hold(owner: &Owner, others: &[Process]) -> String {
    match owner {
        Owner::Alive(process) if process.pid == std::process::id() => {
            " by this very process".into()
        }
        Owner::Alive(process) => format!(": {process} holds it, and lives"),
        Owner::Dead(process) => format!(": {process} died while it held it; recover once more"),
        Owner::Unknown if others.is_empty() => {
            ", nobody knows by whom, and a process that cannot be seen from here, or this very \
             one, has the segment open"
                .into()
        }
        Owner::Unknown => {
            let others: Vec<_> = others.iter().map(ToString::to_string).collect();
            format!(
                ", nobody knows by whom, and it may be by one that has the segment open: {}; \
                 end these, and recover again",
                others.join(", ")
            )
        }
    }
}

/// Bytes in double quotes, with what is not printable ASCII escaped.
pub(super) fn quoted(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}
