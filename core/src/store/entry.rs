//! What is read from a table, and what comes of a change: copies, which no peer
//! changes any more.

use super::error::quoted;

/// One pair, as it was under the lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The slot it lies in, from 0.
    pub slot: usize,
    /// The key: 1 to 63 bytes.
    pub key: Vec<u8>,
    /// The value: 0 to 255 bytes.
    pub value: Vec<u8>,
    /// When it was last set, in seconds since 1970.
    pub timestamp: i64,
}

/// A whole table at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// The version that the table had.
    pub version: u32,
    /// The pairs, by slot. Their number is the table's `entry_count`.
    pub entries: Vec<Entry>,
}

/// What must hold for a [`put`](crate::KeyValue::put) or a
/// [`remove`](crate::KeyValue::remove), in the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    Always,
    /// The table is at this version.
    Version(u32),
    /// The key is there.
    Present,
    /// The key is not there.
    Absent,
}

/// What a [`put`](crate::KeyValue::put) has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put {
    /// The version of the table with it.
    pub version: u32,
    /// The slot that the pair lies in, from 0.
    pub slot: usize,
    /// Its time, in seconds since 1970.
    pub timestamp: i64,
    /// Whether the key is new.
    pub inserted: bool,
}

/// What a [`remove`](crate::KeyValue::remove) has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removed {
    /// The version of the table without the pair.
    pub version: u32,
    /// The slot that it lay in, from 0.
    pub slot: usize,
}

/// Bytes that were asked for as text, and are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} is not UTF-8: its first {valid_up_to} bytes are, the next is not", quoted(bytes))]
pub struct NotUtf8 {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many of them are UTF-8, from the start.
    pub valid_up_to: usize,
}

impl Entry {
    /// The key as text.
    ///
    /// # Errors
    /// [`NotUtf8`]; [`key`](Self::key) has the bytes.
    pub fn key_text(&self) -> Result<&str, NotUtf8> {
        text(&self.key)
    }

    /// The value as text.
    ///
    /// # Errors
    /// [`NotUtf8`]; [`value`](Self::value) has the bytes.
    pub fn value_text(&self) -> Result<&str, NotUtf8> {
        text(&self.value)
    }
}

impl Snapshot {
    /// The entry with this key, if there is one.
    pub fn get(&self, key: impl AsRef<[u8]>) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key.as_ref())
    }
}

/// `bytes` as text, uncut.
pub(super) fn text(bytes: &[u8]) -> Result<&str, NotUtf8> {
    std::str::from_utf8(bytes)
        .map_err(|error| NotUtf8 { bytes: bytes.to_vec(), valid_up_to: error.valid_up_to() })
}
