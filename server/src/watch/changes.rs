//! What has changed between two looks at the table.
//!
//! Idea: from the first look on, our own changes are replayed one by one from
//! the journal. At the first version that is not ours the steps are no longer
//! known; what is left up to the second look becomes one change, with the
//! differences that remain.
//! Limits: a set to the same value within the same second leaves no difference;
//! its version is told with an empty list.

use serde::Serialize;
use shmkv::{Entry, Snapshot};
use utoipa::ToSchema;

use crate::door::{Note, What};
use crate::wire::{Pair, is_unset, show};

/// A step from one version to the next, or several that cannot be told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The first version that it made.
    pub from: u32,
    /// The last version that it made; `from` where there is only one.
    pub version: u32,
    /// What it did, by key.
    pub notes: Vec<Note>,
}

/// A change as JSON shows it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangeView {
    /// The version of the table with this change.
    #[schema(example = 9, format = "uint32")]
    version: u32,
    /// The first version that the change made. Where it is not `version`, other
    /// processes have changed the table several times in between, and `changes`
    /// is what all of it amounts to.
    #[schema(example = 9, format = "uint32")]
    from: u32,
    /// Each key that was set or deleted.
    changes: Vec<KeyChange>,
}

/// What happened to a key.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(tag = "op", rename_all = "lowercase")]
enum KeyChange {
    /// It has this value now.
    Set {
        #[serde(flatten)]
        pair: Pair,
        slot: usize,
        timestamp: i64,
    },
    /// It is gone.
    Delete {
        key: String,
        #[serde(skip_serializing_if = "is_unset")]
        key_base64: bool,
        slot: usize,
    },
}

impl From<&Change> for ChangeView {
    fn from(change: &Change) -> Self {
        let changes = change.notes.iter().map(KeyChange::from).collect();
        Self { version: change.version, from: change.from, changes }
    }
}

impl From<&Note> for KeyChange {
    fn from(note: &Note) -> Self {
        match &note.what {
            What::Set { value, timestamp } => Self::Set {
                pair: Pair::new(&note.key, value),
                slot: note.slot,
                timestamp: *timestamp,
            },
            What::Delete => {
                let (key, key_base64) = show(&note.key);
                Self::Delete { key, key_base64, slot: note.slot }
            }
        }
    }
}

/// The changes that lead from `old` to `new`. `ours` are those that we have
/// made, in their order.
pub fn between(old: &Snapshot, new: &Snapshot, ours: Vec<Note>) -> Vec<Change> {
    let mut at = old.clone();
    let mut changes = Vec::new();
    let is_new = |note: &Note| {
        // Versions wrap: how far a note is from `old`, not whether it is more.
        let distance = note.version.wrapping_sub(old.version);
        distance != 0 && distance <= new.version.wrapping_sub(old.version)
    };
    for note in ours.into_iter().filter(is_new) {
        if note.version != at.version.wrapping_add(1) {
            break;
        }
        apply(&mut at, &note);
        changes.push(Change { from: at.version, version: at.version, notes: vec![note] });
    }
    if at.version != new.version {
        let notes = new.changes_since(&at).map(|change| note_of(change, new.version)).collect();
        changes.push(Change { from: at.version.wrapping_add(1), version: new.version, notes });
    }
    changes
}

fn apply(table: &mut Snapshot, note: &Note) {
    table.version = note.version;
    table.entries.retain(|entry| entry.slot != note.slot);
    if let What::Set { value, timestamp } = &note.what {
        table.entries.push(Entry {
            slot: note.slot,
            key: note.key.clone(),
            value: value.clone(),
            timestamp: *timestamp,
        });
        table.entries.sort_by_key(|entry| entry.slot);
    }
}

fn note_of(change: shmkv::Change, version: u32) -> Note {
    let (entry, what) = match change {
        shmkv::Change::Deleted(entry) => (entry, What::Delete),
        shmkv::Change::Set(entry) => {
            (entry, What::Set { value: entry.value.clone(), timestamp: entry.timestamp })
        }
    };
    Note { version, key: entry.key.clone(), slot: entry.slot, what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(slot: usize, key: &str, value: &str) -> Entry {
        Entry { slot, key: key.into(), value: value.into(), timestamp: 7 }
    }

    fn table(version: u32, entries: &[Entry]) -> Snapshot {
        Snapshot { version, entries: entries.to_vec() }
    }

    fn set(version: u32, slot: usize, key: &str, value: &str) -> Note {
        let what = What::Set { value: value.into(), timestamp: 7 };
        Note { version, key: key.into(), slot, what }
    }

    fn delete(version: u32, slot: usize, key: &str) -> Note {
        Note { version, key: key.into(), slot, what: What::Delete }
    }

    #[test]
    fn own_changes_are_told_one_by_one() {
        let old = table(4, &[entry(0, "a", "1")]);
        let new = table(7, &[entry(0, "b", "3")]);
        let ours = vec![set(5, 1, "b", "2"), delete(6, 0, "a"), set(7, 0, "b", "3")];
        let changes = between(&old, &new, ours.clone());
        assert_eq!(changes.len(), 3);
        for (change, note) in changes.iter().zip(ours) {
            assert_eq!((change.from, change.version), (note.version, note.version));
            assert_eq!(change.notes, [note]);
        }
    }

    #[test]
    fn one_change_of_another_process_is_exact() {
        let old = table(4, &[entry(0, "a", "1"), entry(1, "b", "1")]);
        let new = table(5, &[entry(1, "b", "1")]);
        let changes = between(&old, &new, vec![]);
        assert_eq!(changes, [Change { from: 5, version: 5, notes: vec![delete(5, 0, "a")] }]);
    }

    #[test]
    fn several_changes_of_others_are_told_as_what_they_amount_to() {
        let old = table(4, &[entry(0, "a", "1"), entry(1, "b", "1"), entry(2, "c", "1")]);
        let new = table(9, &[entry(0, "d", "2"), entry(1, "b", "2"), entry(2, "c", "1")]);
        let changes = between(&old, &new, vec![]);
        let notes = vec![delete(9, 0, "a"), set(9, 0, "d", "2"), set(9, 1, "b", "2")];
        assert_eq!(changes, [Change { from: 5, version: 9, notes }]);
    }

    #[test]
    fn own_changes_up_to_another_are_exact_and_the_rest_is_not() {
        let old = table(4, &[]);
        let new = table(8, &[entry(0, "a", "1"), entry(1, "b", "2"), entry(2, "x", "0")]);
        // Version 6 is another process's.
        let ours = vec![set(5, 0, "a", "1"), set(7, 1, "b", "1"), set(8, 1, "b", "2")];
        let changes = between(&old, &new, ours.clone());
        assert_eq!(changes[0], Change { from: 5, version: 5, notes: vec![ours[0].clone()] });
        let notes = vec![set(8, 1, "b", "2"), set(8, 2, "x", "0")];
        assert_eq!(changes[1..], [Change { from: 6, version: 8, notes }]);
    }

    #[test]
    fn key_that_moved_is_set_and_not_deleted() {
        let old = table(4, &[entry(0, "a", "1"), entry(1, "b", "1")]);
        let new = table(7, &[entry(0, "b", "1")]);
        let notes = vec![delete(7, 0, "a"), set(7, 0, "b", "1")];
        assert_eq!(between(&old, &new, vec![]), [Change { from: 5, version: 7, notes }]);
    }

    #[test]
    fn notes_that_were_told_before_are_passed_over() {
        let old = table(4, &[entry(0, "a", "1")]);
        let new = table(5, &[entry(0, "a", "2")]);
        let ours = vec![set(3, 0, "a", "0"), set(4, 0, "a", "1"), set(5, 0, "a", "2")];
        assert_eq!(between(&old, &new, ours).len(), 1);
    }

    #[test]
    fn versions_wrap() {
        let old = table(u32::MAX, &[]);
        let new = table(1, &[entry(0, "a", "2")]);
        let changes = between(&old, &new, vec![set(0, 0, "a", "1"), set(1, 0, "a", "2")]);
        let versions: Vec<_> = changes.iter().map(|change| change.version).collect();
        assert_eq!(versions, [0, 1]);
    }

    #[test]
    fn change_without_a_difference_is_told_with_an_empty_list() {
        let same = [entry(0, "a", "1")];
        let changes = between(&table(4, &same), &table(5, &same), vec![]);
        assert_eq!(changes, [Change { from: 5, version: 5, notes: vec![] }]);
    }
}
