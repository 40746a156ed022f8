//! Recovery: a store whose lock or table a dead process spoiled, made usable again.
//!
//! Idea: recovery first takes the lock over, which is safe in three cases:
//! - it is free, and is taken as usual;
//! - its owner is one of our processes and dead, as its mark says (`owner.rs`): one
//!   compare-exchange takes the lock over. Others may have the store open, and wait
//!   for the lock meanwhile;
//! - nobody else has the object open or mapped, so whoever took the lock is gone:
//!   the kernel knows, and keeps it so for as long as it is needed
//!   (`sys/lease.rs`).
//!
//! Then half-made changes are repaired, and the lock is released. A recovery
//! that is killed holds the lock itself, and is recovered from like any other owner.
//! Source: fcntl(2), "Leases".
//! Limits: a C program that locks by itself leaves no mark. Where one may hold the
//! lock, and others have the store open, nothing is done. A half-made change of such
//! a program is kept where it is a valid entry: usually half a value behind a whole
//! key.

use std::fmt;
use std::os::fd::AsFd;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::time::Duration;

use super::owner::{self, Owner, Process};
use super::segment_store::{check_size, trailer_in};
use super::{KeyValue, Store, StoreError};
use crate::layout::{Table, Trailer};
use crate::semaphore::Mark;
use crate::sys::lease::Lease;
use crate::sys::process;
use crate::sys::turn::Turn;
use crate::{Deadline, OpenOptions, Segment, SegmentName};

/// How long a lock is waited for whose owner may live.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long before its owner is looked at again.
const PAUSE: Duration = Duration::from_millis(5);

/// What recovery found, and what it put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// How it found the lock.
    pub lock: FoundLock,
    /// The version of the table now: one more, since it was changed.
    pub version: u32,
    /// The slot of a pair whose value was being replaced; it has the old one.
    pub restored: Option<usize>,
    /// Slots that were freed, because they held no valid entry.
    pub freed: Vec<usize>,
    /// What `entry_count` was, and what it is.
    pub entry_count: (u32, u32),
}

/// How recovery found a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FoundLock {
    /// Free. It was the table that had to be put right.
    Free,
    /// Held by this process, which is dead.
    HeldBy(Process),
    /// Held by a process that is gone, and of which nothing is known.
    Held,
    /// Its value was more than 1, so that several could have been in at once.
    Above(u32),
    /// Its bytes were not those of a semaphore between processes.
    NotASemaphore,
}

impl fmt::Display for FoundLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Free => f.write_str("the table was damaged"),
            Self::HeldBy(owner) => write!(f, "{owner} died while it held the lock"),
            Self::Held => f.write_str("the lock was held by a process that is gone"),
            Self::Above(value) => write!(f, "the semaphore was {value}, and a lock's is 0 or 1"),
            Self::NotASemaphore => {
                f.write_str("the semaphore was not initialised as process-shared")
            }
        }
    }
}

impl fmt::Display for Recovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; the store is usable again, at version {}", self.lock, self.version)?;
        if let Some(slot) = self.restored {
            write!(f, "; slot {slot} has its old value again: a change of it was interrupted")?;
        }
        if !self.freed.is_empty() {
            write!(f, "; freed slots {:?}, which held no valid entry", self.freed)?;
        }
        let (before, now) = self.entry_count;
        if before != now {
            write!(f, "; entry_count was {before} and is {now}")?;
        }
        Ok(())
    }
}

impl Store {
    /// Frees the lock if a dead process holds it, and puts right what was left by
    /// half. `None` where the lock is free and the table whole: nothing was done.
    /// Afterwards the store can be opened, and every operation works.
    ///
    /// Others may have the store open, and wait for its lock, if the dead owner
    /// is one that used this library in any language: the lock tells who holds
    /// it. A C program that locks by itself does not tell, and is recovered from
    /// only when nobody else has the store open; a [`Store`] of this very process
    /// counts. Of several that recover at once, one does it, and the others find
    /// that nothing is left to do.
    ///
    /// It can be killed at any moment, and called again. Nothing is undone that
    /// was complete: a pair whose value was being replaced has the old value or
    /// the new one.
    ///
    /// # Errors
    /// Nothing was changed:
    /// - [`StoreError::InUse`]: the lock is held by a process that lives, or by an
    ///   unknown one while others have the store open; it says who. It was waited
    ///   for, for half a second;
    /// - [`StoreError::Os`]: the kernel does not tell whether somebody has;
    /// - [`StoreError::Segment`], [`StoreError::NotReady`],
    ///   [`StoreError::Foreign`]: there is no store.
    ///
    /// # Source
    /// fcntl(2), `F_SETLEASE`.
    pub fn recover(name: &SegmentName) -> Result<Option<Recovered>, StoreError> {
        Self::recover_with(name, OpenOptions::new())
    }

    /// As [`recover`](Self::recover), and `options` say whose stores are recovered.
    /// Only a store's owner, and who has CAP_LEASE, can be told that nobody else
    /// has it open.
    ///
    /// # Errors
    /// Those of [`recover`](Self::recover).
    pub fn recover_with(
        name: &SegmentName,
        options: OpenOptions,
    ) -> Result<Option<Recovered>, StoreError> {
        let _turn = Turn::take();
        let segment = Segment::open_with(name, size_of::<Table>(), options)?;
        check_size(&segment)?;
        let table: &Table = segment.at(0)?;
        if !table.sem.is_initialised() {
            return Err(StoreError::NotReady { name: name.clone() });
        }
        // ANCHOR: recover
        let alone = || {
            Lease::take(segment.as_fd())
                .map_err(|source| StoreError::Os { call: "fcntl(F_SETLEASE)", source })
        };
        let taken = take(table, trailer_in(&segment), alone)?;
        match taken {
            Some(taken) => Ok(taken.put_right()),
            None => Err(in_use(&segment, trailer_in(&segment))),
        }
        // ANCHOR_END: recover
    }

    /// As [`recover`](Self::recover), of this open store, whatever its name means
    /// by now. Where the dead owner did not tell who it is, drop this value and
    /// recover by name: only then can nobody else have the store open.
    ///
    /// # Errors
    /// [`StoreError::InUse`].
    pub fn recover_this(&self) -> Result<Option<Recovered>, StoreError> {
        let (table, trailer) = (self.segment().at::<Table>(0)?, trailer_in(self.segment()));
        // No lease on this descriptor: a child made by fork shares it, and the
        // kernel counts both as one.
        match take(table, trailer, || Ok(None))? {
            Some(taken) => Ok(taken.put_right()),
            None => Err(in_use(self.segment(), trailer)),
        }
    }

    /// Who holds the lock of this store, as far as anybody knows: for messages.
    /// Already history when this returns.
    pub fn owner(&self) -> Owner {
        self.segment()
            .at::<Table>(0)
            .map_or(Owner::Unknown, |table| owner::owner(table, trailer_in(self.segment())))
    }

    /// The processes that have the store open or mapped, this one included, as far
    /// as /proc shows them to this user.
    pub fn users(&self) -> Vec<Process> {
        users(self.segment())
    }
}

fn users(segment: &Segment) -> Vec<Process> {
    let users = process::users_of(segment.identity());
    users.into_iter().map(|(pid, name)| Process { pid, name }).collect()
}

fn in_use(segment: &Segment, trailer: Option<&Trailer>) -> StoreError {
    let name = segment.name().clone();
    let owner = segment.at(0).map_or(Owner::Unknown, |table| owner::owner(table, trailer));
    let me = std::process::id();
    let users = users(segment);
    let others = users.into_iter().filter(|user| user.pid != me).collect();
    StoreError::InUse { name, owner, others }
}

/// Puts a table right whose users are all gone, wherever it lies: its lock is free
/// afterwards. For tables in other memory than a segment of their own, where nobody
/// but the caller can know that; for those, see [`Store::recover`].
///
/// It can be killed at any moment, and called again. `None` where the lock was free
/// and the table whole.
pub fn recover_alone<S: KeyValue + ?Sized>(store: &S) -> Option<Recovered> {
    let (table, trailer) = (store.table(), store.trailer());
    let found = look_at(table);
    let mark = trailer.map_or(0, |trailer| owner::register(table, trailer));
    table.sem.set(0, mark);
    Taken { table, trailer, found, mark, _lease: None }.put_right()
}

/// How the lock is found by who does not take it.
fn look_at(table: &Table) -> FoundLock {
    match table.sem.value() {
        _ if !table.sem.is_between_processes() => FoundLock::NotASemaphore,
        0 => FoundLock::Held,
        1 => FoundLock::Free,
        value => FoundLock::Above(value),
    }
}

/// A table whose lock this process has.
struct Taken<'a> {
    table: &'a Table,
    trailer: Option<&'a Trailer>,
    found: FoundLock,
    /// The mark on the lock, which is to be removed.
    mark: Mark,
    /// Kept until the lock is given back.
    _lease: Option<Lease<'a>>,
}

/// Takes the lock where that is safe; `None` where it is not. `alone` returns a
/// lease if nobody else has the object.
fn take<'a>(
    table: &'a Table,
    trailer: Option<&'a Trailer>,
    alone: impl Fn() -> Result<Option<Lease<'a>>, StoreError>,
) -> Result<Option<Taken<'a>>, StoreError> {
    let mark = trailer.map_or(0, |trailer| owner::register(table, trailer));
    let taken = |found, mark, lease| Taken { table, trailer, found, mark, _lease: lease };
    let deadline = Deadline::after(PATIENCE);
    loop {
        let found = look_at(table);
        if found == FoundLock::Free && table.sem.try_lock(mark) == Ok(true) {
            return Ok(Some(taken(found, mark, None)));
        }
        let owner = trailer.and_then(|trailer| Some((trailer, owner::marked(table, trailer)?)));
        if let Some((trailer, dead)) = owner.filter(|(_, owner)| owner.identity.is_dead()) {
            let process = owner::member(trailer, dead.mark, dead.identity);
            if owner::take_over(table, trailer, dead) {
                return Ok(Some(taken(FoundLock::HeldBy(process), dead.mark, None)));
            }
        } else if let Some(lease) = alone().or_else(|error| match deadline.passed() {
            true => Err(error),
            // Its owner may live, and give it back.
            false => Ok(None),
        })? {
            // Its owner may have given it back, and gone, just before.
            if look_at(table) == FoundLock::Free {
                continue;
            }
            let mark = trailer.map_or(0, |trailer| {
                owner::forget_members(trailer);
                owner::register(table, trailer)
            });
            // From here on, should this process be killed, its mark tells.
            table.sem.set(0, mark);
            return Ok(Some(taken(found, mark, Some(lease))));
        }
        if deadline.passed() {
            return Ok(None);
        }
        std::thread::sleep(PAUSE.min(deadline.remaining()));
    }
}

impl Taken<'_> {
    /// Puts the table right, gives the lock back, and says what was done.
    fn put_right(self) -> Option<Recovered> {
        let recovered = self.repair();
        let mark = self.mark;
        // The lock was taken by us, so there is room for one.
        let _ = self.table.sem.give(|found| found == mark);
        if let (Some(trailer), FoundLock::HeldBy(_)) = (self.trailer, &self.found) {
            owner::leave(trailer, mark);
        }
        if recovered.is_some() {
            crate::sys::futex::wake_all(&self.table.version);
        }
        recovered
    }

    /// Each of its steps can be the last of this process, and be made again by
    /// the next: the undo record is disarmed when the pair is back, and the rest
    /// depends only on what is in the slots.
    fn repair(&self) -> Option<Recovered> {
        let table = self.table;
        let restored = self.trailer.and_then(|trailer| trailer.undo.restore(table));
        let freed = free_what_is_no_entry(table);
        let occupied = table.slots.iter().filter(|slot| !slot.key.is_empty()).count() as u32;
        // Relaxed: whoever comes next takes the semaphore that is given back.
        let before = table.entry_count.swap(occupied, Relaxed);
        let is_whole = restored.is_none() && freed.is_empty() && before == occupied;
        if is_whole && self.found == FoundLock::Free {
            return None;
        }
        let version = table.version.load(Relaxed).wrapping_add(1);
        // SeqCst: as in `bump_version`, though those who wait are woken in any case.
        table.version.store(version, SeqCst);
        let (lock, entry_count) = (self.found.clone(), (before, occupied));
        Some(Recovered { lock, version, restored, freed, entry_count })
    }
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
    use std::io::Write;

    use rstest::rstest;

    use super::*;
    use crate::sys::object::path_of;
    use crate::testing::TestName;

    const LONG: &str = "a value of more than seven bytes";

    /// A store whose owner died after `act`, while it held the lock.
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
        assert_eq!(
            recovered.to_string(),
            "the lock was held by a process that is gone; the store is usable again, at version 3"
        );
        assert_eq!(
            (recovered.restored, recovered.freed, recovered.entry_count),
            (None, vec![], (2, 2))
        );
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
            store.trailer().unwrap().undo.arm(store.table(), 1);
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

    /// Schedule: the owner dies when its replacement is complete.
    #[test]
    fn value_whose_replacement_was_complete_is_the_new_one() {
        let name = TestName::new("recover-done");
        left_behind(&name, |store| store.trailer().unwrap().undo.arm(store.table(), 1));
        assert_eq!(Store::recover(&name).unwrap().unwrap().restored, None);
        assert_eq!(pairs(&name), both());
    }

    /// Somebody posted the semaphore by force, and the store went on.
    #[test]
    fn old_copy_is_not_put_back() {
        let name = TestName::new("recover-stale");
        left_behind(&name, |store| {
            store.trailer().unwrap().undo.arm(store.table(), 1);
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

    /// Random bytes, of which half are zeroes and a few are texts' ends.
    fn image(random: &mut u64) -> Vec<u8> {
        let mut byte = || {
            // Xorshift: Marsaglia, 2003.
            *random ^= *random << 13;
            *random ^= *random >> 7;
            *random ^= *random << 17;
            (*random >> 32) as u8
        };
        let density = byte();
        (0..4096).map(|_| if byte() < density { byte() } else { 0 }).collect()
    }

    /// Images of tables, each with a semaphore that somebody may have left, and
    /// with garbage behind the table or none.
    #[test]
    fn recovered_table_is_opened_and_works_whatever_was_in_it() {
        let mut random = 0x9e37_79b9_7f4a_7c15;
        for number in 0..500 {
            let name = TestName::new("recover-image");
            drop(Store::create(&name).unwrap());
            let mut bytes = image(&mut random);
            let semaphore = [0, 1, 2, 7, 1 << 63, u64::MAX][number % 6];
            bytes[3280..3288].copy_from_slice(&u64::to_ne_bytes(semaphore));
            if number % 4 > 0 {
                bytes[3288..3292].copy_from_slice(&128_u32.to_ne_bytes());
            }
            let length = if number % 2 == 0 { 3320 } else { 4096 };
            std::fs::OpenOptions::new()
                .write(true)
                .open(path_of(name.file_name()))
                .and_then(|mut file| file.write_all(&bytes[..length]))
                .unwrap();
            if bytes[3280..3312].iter().all(|byte| *byte == 0) {
                continue;
            }
            let recovered = Store::recover(&name);
            let shown = format!("image {number}: {recovered:?}");
            recovered.unwrap();
            assert_eq!(Store::recover(&name).unwrap(), None, "{shown}");
            let store = Store::open(&name).unwrap_or_else(|error| panic!("{shown}: {error}"));
            store.entries().unwrap_or_else(|error| panic!("{shown}: {error}"));
            let first = store.entries().unwrap().entries.first().map(|entry| entry.key.clone());
            if let Some(key) = first {
                store.delete(&key).unwrap_or_else(|error| panic!("{shown}: {error}"));
                assert!(!store.contains(&key).unwrap(), "{shown}");
            }
            store.set("key", LONG).unwrap();
            assert_eq!(store.get_text("key").unwrap(), LONG);
        }
    }

    #[test]
    fn cleared_table_is_opened_whatever_was_in_it() {
        let mut random = 0x2545_f491_4f6c_dd1d;
        for number in 0..200 {
            let name = TestName::new("clear-image");
            let store = Store::create(&name).unwrap();
            let bytes = image(&mut random);
            std::fs::OpenOptions::new()
                .write(true)
                .open(path_of(name.file_name()))
                .and_then(|mut file| file.write_all(&bytes[..3280]))
                .unwrap();
            store.clear().unwrap();
            let opened = Store::open(&name).unwrap_or_else(|error| panic!("{number}: {error}"));
            assert_eq!(opened.entries().unwrap().entries, []);
        }
    }

    #[test]
    fn semaphore_above_one_is_set_right_when_nobody_else_is_left() {
        let name = TestName::new("recover-above");
        let store = Store::create(&name).unwrap();
        store.set("first", "1").unwrap();
        store.table().sem.post().unwrap();
        assert!(matches!(store.get("first"), Err(StoreError::Corrupt(_))));
        assert!(matches!(store.recover_this(), Err(StoreError::InUse { .. })));
        drop(store);
        let recovered = Store::recover(&name).unwrap().unwrap();
        assert_eq!(recovered.lock, FoundLock::Above(2));
        assert_eq!(Store::open(&name).unwrap().get("first").unwrap(), b"1");
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
            "the lock was held by a process that is gone; the store is usable again, at version 3; \
             freed slots [2, 3], which held no valid entry; entry_count was 7 and is 2"
        );
        assert_eq!((recovered.freed, recovered.entry_count), (vec![2, 3], (7, 2)));
        assert_eq!(pairs(&name), both());
    }
}
