//! Recovery: a store whose owner died, made usable again.
//!
//! Idea: the semaphore does not tell who took it, nor whether he lives. But
//! where nobody else has the object open or mapped, whoever took it is gone, and
//! nobody waits: that the kernel knows, and keeps it so for as long as it is
//! needed (`sys/lease.rs`). Then what the dead owner left by half is put right,
//! and the semaphore is made anew.
//! Source: fcntl(2), "Leases".
//! Limits: while anybody else has the store open, alive and well, nothing is
//! done: he may be the owner. What a C program left by half is kept where it can
//! be an entry: half a value, as a rule, behind a whole key.

use std::fmt;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering::Relaxed;

use super::segment_store::{UNDO_OFFSET, check_size};
use super::{Store, StoreError};
use crate::layout::{Table, Undo};
use crate::sys::lease::Lease;
use crate::{Segment, SegmentName};

/// What was put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// The version of the table now: one more, since it was changed.
    pub version: u32,
    /// The slot of a pair whose value was being replaced; it has the old one.
    pub restored: Option<usize>,
    /// Slots that were freed, because what was in them can be no entry.
    pub freed: Vec<usize>,
    /// What `entry_count` was, and what it is.
    pub entry_count: (u32, u32),
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the lock is free again, at version {}", self.version)?;
        if let Some(slot) = self.restored {
            write!(f, "; slot {slot} has its value from before the change that was cut short")?;
        }
        if !self.freed.is_empty() {
            write!(f, "; slots {:?} were freed, for what was in them was no entry", self.freed)?;
        }
        let (before, now) = self.entry_count;
        if before != now {
            write!(f, "; entry_count was {before} and is {now}")?;
        }
        Ok(())
    }
}

impl Store {
    /// Frees the lock that a dead process holds, and puts right what it left by
    /// half. `None` where the lock is free: nothing was done.
    ///
    /// # Errors
    /// Nothing was changed:
    /// - [`StoreError::InUse`]: somebody else has the store open, and may be the
    ///   lock's owner;
    /// - [`StoreError::Os`]: the kernel does not tell whether somebody has;
    /// - [`StoreError::Segment`], [`StoreError::NotReady`],
    ///   [`StoreError::Foreign`]: there is no store.
    ///
    /// # Source
    /// fcntl(2), `F_SETLEASE`.
    pub fn recover(name: &SegmentName) -> Result<Option<Recovered>, StoreError> {
        let segment = Segment::open(name, size_of::<Table>())?;
        check_size(&segment)?;
        let table: &Table = segment.at(0)?;
        if !table.sem.is_between_processes() {
            return Err(StoreError::NotReady { name: name.clone() });
        }
        // ANCHOR: recover
        if table.sem.value() > 0 {
            return Ok(None);
        }
        let lease = Lease::take(segment.as_fd())
            .map_err(|source| StoreError::Os { call: "fcntl(F_SETLEASE)", source })?;
        let Some(_lease) = lease else {
            return Err(StoreError::InUse { name: name.clone() });
        };
        // Its owner may have given it back, and gone, just before.
        if table.sem.value() > 0 {
            return Ok(None);
        }
        Ok(Some(repair(table, segment.in_last_page(UNDO_OFFSET))))
        // ANCHOR_END: recover
    }
}

/// Puts a table right that nobody else has.
fn repair(table: &Table, undo: Option<&Undo>) -> Recovered {
    let restored = undo.and_then(|undo| undo.restore(table));
    let freed = free_what_is_no_entry(table);
    let occupied = table.slots.iter().filter(|slot| !slot.key.is_empty()).count() as u32;
    // Relaxed: whoever comes next opens the object after us, or takes the
    // semaphore that is posted below.
    let before = table.entry_count.swap(occupied, Relaxed);
    let version = table.version.load(Relaxed).wrapping_add(1);
    table.version.store(version, Relaxed);
    table.sem.init(1).expect("1 is a possible value of a semaphore");
    Recovered { version, restored, freed, entry_count: (before, occupied) }
}

/// Frees slots that are not ended by NULs, and second ones of the same key.
fn free_what_is_no_entry(table: &Table) -> Vec<usize> {
    let mut freed = Vec::new();
    let mut keys = Vec::new();
    for (index, slot) in table.slots.iter().enumerate() {
        if slot.key.is_empty() {
            continue;
        }
        let key = slot.key.load();
        if !slot.is_whole() || keys.contains(&key) {
            slot.key.clear();
            slot.value.clear();
            slot.timestamp.store(0, Relaxed);
            freed.push(index);
        } else {
            keys.push(key);
        }
    }
    freed
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::KeyValue;
    use crate::testing::TestName;

    const LONG: &str = "a value of more than seven bytes";

    /// A store whose owner died after `act`, with the lock in his hand.
    fn left_behind(name: &TestName, act: impl FnOnce(&Store)) {
        let store = Store::create(name).unwrap();
        store.set("first", "1").unwrap();
        store.set("second key", LONG).unwrap();
        store.table().sem.wait().unwrap();
        act(&store);
    }

    fn pairs(name: &TestName) -> Vec<(String, String)> {
        let entries = Store::open(name).unwrap().entries().unwrap().entries;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        entries.iter().map(|entry| (text(&entry.key), text(&entry.value))).collect()
    }

    fn both() -> Vec<(String, String)> {
        vec![("first".into(), "1".into()), ("second key".into(), LONG.into())]
    }

    #[test]
    fn lock_of_a_dead_owner_is_freed() {
        let name = TestName::new("recover");
        left_behind(&name, |_| {});
        let recovered = Store::recover(&name).unwrap().unwrap();
        let expected = Recovered { version: 3, restored: None, freed: vec![], entry_count: (2, 2) };
        assert_eq!(recovered, expected);
        assert_eq!(recovered.to_string(), "the lock is free again, at version 3");
        assert_eq!(pairs(&name), both());
        assert_eq!(Store::open(&name).unwrap().set("third", "3").unwrap(), 4);
    }

    #[test]
    fn free_lock_needs_no_recovery() {
        let name = TestName::new("recover-free");
        Store::create(&name).unwrap();
        assert_eq!(Store::recover(&name).unwrap(), None);
    }

    #[test]
    fn store_that_somebody_has_open_is_left_alone() {
        let name = TestName::new("recover-used");
        left_behind(&name, |_| {});
        let other = Store::open(&name).unwrap();
        assert!(matches!(Store::recover(&name), Err(StoreError::InUse { .. })));
        assert_eq!(other.table().sem.value(), 0);
        assert_eq!(other.version(), 2);
    }

    #[test]
    fn nothing_to_recover_is_told() {
        let name = TestName::new("recover-nothing");
        assert!(matches!(Store::recover(&name), Err(StoreError::Segment(_))));
        Segment::create(&name, size_of::<Table>()).unwrap();
        assert!(matches!(Store::recover(&name), Err(StoreError::NotReady { .. })));
    }

    /// Schedule: the owner dies within a replacement, after each of its parts.
    /// Allowed: the old value. Forbidden: that the pair is gone, or mixed.
    #[rstest]
    #[case::key_hidden(0)]
    #[case::part_of_the_value(1)]
    #[case::all_but_the_key(2)]
    fn value_whose_replacement_was_cut_short_is_the_old_one(#[case] parts: u32) {
        let name = TestName::new("recover-undo");
        left_behind(&name, |store| {
            let slot = &store.table().slots[1];
            store.undo().unwrap().arm(store.table(), 1);
            slot.timestamp.store(1, Relaxed);
            slot.key.clear();
            if parts >= 1 {
                slot.value.store_tail(b"another value that is a bit longer than the first");
            }
            if parts >= 2 {
                slot.value.store_first(b"another value that is a bit longer than the first");
            }
        });
        let recovered = Store::recover(&name).unwrap().unwrap();
        assert_eq!(recovered.restored, Some(1));
        assert_eq!(pairs(&name), both());
    }

    /// Schedule: the owner dies when his replacement is complete.
    #[test]
    fn value_whose_replacement_was_complete_is_the_new_one() {
        let name = TestName::new("recover-done");
        left_behind(&name, |store| store.undo().unwrap().arm(store.table(), 1));
        assert_eq!(Store::recover(&name).unwrap().unwrap().restored, None);
        assert_eq!(pairs(&name), both());
    }

    /// Somebody posted the semaphore by force, and the store went on.
    #[test]
    fn old_copy_is_not_put_back() {
        let name = TestName::new("recover-stale");
        left_behind(&name, |store| {
            store.undo().unwrap().arm(store.table(), 1);
            store.table().slots[1].key.clear();
            store.table().entry_count.store(1, Relaxed);
            store.table().sem.post().unwrap();
            store.set("third", "3").unwrap();
            store.delete("third").unwrap();
            store.table().sem.wait().unwrap();
        });
        assert_eq!(Store::recover(&name).unwrap().unwrap().restored, None);
        assert_eq!(pairs(&name), both()[..1]);
    }

    #[test]
    fn what_can_be_no_entry_is_freed_and_the_count_is_set_right() {
        let name = TestName::new("recover-garbage");
        left_behind(&name, |store| {
            let [_, _, third, fourth, ..] = &store.table().slots;
            third.key.store_first(b"first");
            fourth.key.store_first(b"endless");
            fourth.value.fill_with_garbage();
            store.table().entry_count.store(7, Relaxed);
        });
        let recovered = Store::recover(&name).unwrap().unwrap();
        assert_eq!(
            recovered.to_string(),
            "the lock is free again, at version 3; slots [2, 3] were freed, for what was in them \
             was no entry; entry_count was 7 and is 2"
        );
        assert_eq!((recovered.freed, recovered.entry_count), (vec![2, 3], (7, 2)));
        assert_eq!(pairs(&name), both());
    }
}
