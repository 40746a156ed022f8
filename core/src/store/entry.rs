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

/// What happened to a key between two snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// It is gone; this was its entry.
    Deleted(&'a Entry),
    /// It has this entry now.
    Set(&'a Entry),
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

    /// What leads from `before` to this snapshot: deletions, then sets, both by slot.
    /// Applied in that order, they never put a key into two slots, nor two keys into
    /// one.
    ///
    /// There may be nothing although the version differs: a key was set to what it
    /// was within the same second, or set and deleted again.
    pub fn changes_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = Change<'a>> {
        let gone = before.entries.iter().filter(|entry| self.get(&entry.key).is_none());
        let set = self.entries.iter().filter(|entry| !before.entries.contains(entry));
        gone.map(Change::Deleted).chain(set.map(Change::Set))
    }
}

/// `bytes` as text, uncut.
pub(super) fn text(bytes: &[u8]) -> Result<&str, NotUtf8> {
    std::str::from_utf8(bytes)
        .map_err(|error| NotUtf8 { bytes: bytes.to_vec(), valid_up_to: error.valid_up_to() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(slot: usize, key: &str, value: &str, timestamp: i64) -> Entry {
        Entry { slot, key: key.into(), value: value.into(), timestamp }
    }

    fn table(entries: &[Entry]) -> Snapshot {
        Snapshot { version: 0, entries: entries.to_vec() }
    }

    #[test]
    fn changes_are_deletions_and_then_sets_by_slot() {
        let before = table(&[entry(0, "z", "1", 7), entry(1, "b", "1", 7), entry(2, "c", "1", 7)]);
        let now = table(&[entry(0, "y", "1", 7), entry(1, "b", "2", 7), entry(3, "a", "1", 7)]);
        let changes: Vec<_> = now.changes_since(&before).collect();
        let [z, _, c] = &before.entries[..] else { panic!() };
        let [y, b, a] = &now.entries[..] else { panic!() };
        let deleted = [Change::Deleted(z), Change::Deleted(c)];
        assert_eq!(changes, [&deleted[..], &[y, b, a].map(Change::Set)].concat());
        assert_eq!(now.changes_since(&now).next(), None);
    }

    /// Another time, or another slot, is a set; a key that moved is not deleted.
    #[test]
    fn entry_with_any_other_field_is_set() {
        let before = table(&[entry(0, "a", "1", 7)]);
        for other in [entry(0, "a", "2", 7), entry(0, "a", "1", 8), entry(1, "a", "1", 7)] {
            let now = table(std::slice::from_ref(&other));
            let changes: Vec<_> = now.changes_since(&before).collect();
            assert_eq!(changes, [Change::Set(&other)]);
        }
    }
}
