//! Shared memory between processes: segments, semaphores, and a key-value store.
//!
//! - [`Segment`]: a named object in shared memory, published complete;
//! - [`Semaphore`]: in the layout of glibc's `sem_t`, shared with C programs;
//! - [`Store`]: a key-value store of ten slots, in the layout that C programs
//!   of this kind declare; its operations are those of [`KeyValue`].
//!
//! ```
//! use shmkv::{KeyValue, SegmentName, Store};
//!
//! let name = SegmentName::new(format!("/shmkv-doc-{}", std::process::id()))?;
//! let store = Store::create(&name)?;
//! let version = store.set("city", "New York")?;
//!
//! // In another process, as a rule.
//! let peer = Store::open(&name)?;
//! assert_eq!(peer.get("city")?, b"New York");
//! assert_eq!(peer.entries()?.version, version);
//!
//! Store::unlink(&name)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Peers are trusted with the contents, and with no more: whatever they write,
//! and wherever they die, every call here returns, with a result or an error. There
//! are two exceptions. A peer that truncates the object makes our next access a
//! SIGBUS. And [`Semaphore::wait`] and [`Semaphore::guard`] wait without a bound,
//! as their names say; everything else that waits takes a deadline or a timeout,
//! or has one by default.
#![warn(missing_docs)]
#![deny(unsafe_code)]

mod deadline;
#[allow(unsafe_code)]
mod layout;
mod name;
mod segment;
mod semaphore;
mod store;
#[allow(unsafe_code)]
mod sys;
#[cfg(test)]
mod testing;

pub use deadline::Deadline;
pub use layout::{CAPACITY, KEY_SIZE, Layout, Slot, Table, Text, Trailer, VALUE_SIZE};
pub use name::{NameError, SegmentName};
pub use segment::{OpenOptions, Segment, SegmentError};
pub use semaphore::{Semaphore, SemaphoreError, SemaphoreGuard};
pub use store::{
    Change, Condition, Corruption, DEFAULT_LOCK_TIMEOUT, DEFAULT_NAME, Entry, FoundLock, KEY_LIMIT,
    KeyValue, NotUtf8, Owner, Process, Put, Recovered, Removed, Snapshot, Store, StoreError,
    VALUE_LIMIT, Within, recover_alone,
};
