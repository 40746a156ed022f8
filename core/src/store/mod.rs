//! The key-value store: operations on a table, wherever it lies.

mod awaited;
mod entry;
mod error;
mod limits;
mod locked;
mod operations;
mod owner;
mod recovery;
mod segment_store;
#[cfg(test)]
mod tests;

pub use entry::{Change, Condition, Entry, NotUtf8, Put, Removed, Snapshot};
pub use error::{Corruption, StoreError};
pub use limits::{KEY_LIMIT, VALUE_LIMIT};
pub use operations::{DEFAULT_LOCK_TIMEOUT, KeyValue, Within};
pub use owner::{Owner, Process};
pub use recovery::{FoundLock, Recovered, recover_alone};
pub use segment_store::{DEFAULT_NAME, Store};
