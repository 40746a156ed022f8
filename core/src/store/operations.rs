//! The operations of the store, on a table wherever it lies.
//!
//! Idea: one set of operations for a table in a segment ([`Store`](crate::Store)),
//! for one in any other shared memory ([`Table`]), and for either with another
//! patience ([`Within`]). Each takes the table's semaphore, and gives up after
//! a bounded time: a semaphore does not tell that its owner has died.
//! Source: futex(2) for waiting on the version.
//! Limits: nothing here repairs a table whose owner died: its lock stays taken,
//! until somebody has the store alone; see [`Store::recover`](crate::Store::recover).

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Acquire;
use std::time::Duration;

use super::awaited::{announce, is_awaited};
use super::entry::text;
use super::limits::{check_key, check_value};
use super::locked::{Locked, Written};
use super::{Condition, Put, Removed, Snapshot, StoreError};
use crate::layout::{Table, Undo};
use crate::sys::futex::{self, Woken};
use crate::{Deadline, SemaphoreError};

/// How long the lock is waited for where nothing else is said.
pub const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a change by a C program, which wakes nobody, can go unnoticed.
const LONGEST_SLEEP: Duration = Duration::from_millis(25);

const _: () = assert!(LONGEST_SLEEP.as_millis() <= 50, "what wait_for_change promises");

/// A key-value store in shared memory.
///
/// Keys have 1 to 63 bytes and values 0 to 255; neither holds a NUL. Every
/// operation is atomic with regard to all others, C programs' included. All but
/// [`version`](Self::version) and [`wait_for_change`](Self::wait_for_change)
/// take the table's lock. They return [`StoreError::LockTimeout`] when it is not free within
/// [`lock_timeout`](Self::lock_timeout), [`StoreError::Semaphore`] when it
/// fails otherwise, and [`StoreError::Corrupt`] when they come upon something
/// that cannot be. After any error nothing has changed.
pub trait KeyValue {
    /// The table.
    fn table(&self) -> &Table;

    /// How long each operation waits for the lock, at most. With zero it takes
    /// the lock if it is free, and never sleeps.
    fn lock_timeout(&self) -> Duration {
        DEFAULT_LOCK_TIMEOUT
    }

    /// A word beside the table that holds the version which sleepers want to
    /// see gone; `None` where there is no room for one. Without it every change
    /// costs a system call, to wake who may not be there.
    #[doc(hidden)]
    fn awaited(&self) -> Option<&AtomicU32> {
        None
    }

    /// Room beside the table to keep a slot in while it changes; `None` where
    /// there is none. Without it, an owner who dies within a change of a long
    /// value takes the entry along.
    #[doc(hidden)]
    fn undo(&self) -> Option<&Undo> {
        None
    }

    /// The same store, with another [`lock_timeout`](Self::lock_timeout).
    fn within(&self, lock_timeout: Duration) -> Within<'_> {
        Within { table: self.table(), awaited: self.awaited(), undo: self.undo(), lock_timeout }
    }

    /// The number of changes so far, modulo 2³². Takes no lock: it is already
    /// history, and says nothing of the table; see [`entries`](Self::entries).
    fn version(&self) -> u32 {
        // Acquire: pairs with the store in `bump_version`. Relaxed could show a
        // version before the change that it counts.
        self.table().version.load(Acquire)
    }

    /// The value of `key`.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], those of a key that cannot be one, and those
    /// of every operation.
    fn get(&self, key: impl AsRef<[u8]>) -> Result<Vec<u8>, StoreError> {
        let key = key.as_ref();
        check_key(key)?;
        lock(self)?.get(key)
    }

    /// The value of `key`, as text.
    ///
    /// # Errors
    /// Those of [`get`](Self::get), and [`StoreError::NotUtf8`]: the value is
    /// there, and [`get`](Self::get) returns it.
    fn get_text(&self, key: impl AsRef<[u8]>) -> Result<String, StoreError> {
        let value = self.get(key)?;
        Ok(text(&value)?.to_owned())
    }

    /// Whether there is such a key.
    ///
    /// # Errors
    /// Those of a key that cannot be one, and those of every operation.
    fn contains(&self, key: impl AsRef<[u8]>) -> Result<bool, StoreError> {
        let key = key.as_ref();
        check_key(key)?;
        Ok(lock(self)?.contains(key))
    }

    /// Gives `key` this value, in the lowest free slot if the key is new.
    /// Returns the version of the table with it.
    ///
    /// # Errors
    /// [`StoreError::Full`], those of a key or value that cannot be one, and
    /// those of every operation.
    fn set(&self, key: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<u32, StoreError> {
        let (key, value) = (key.as_ref(), value.as_ref());
        check_key(key)?;
        check_value(value)?;
        Ok(change(self, |locked| locked.set(key, value))?.0)
    }

    /// As [`set`](Self::set), provided that `condition` holds under the lock.
    /// Returns what it has done.
    ///
    /// # Errors
    /// - [`StoreError::VersionChanged`], [`StoreError::NotFound`] or
    ///   [`StoreError::KeyExists`]: the condition does not hold;
    /// - those of [`set`](Self::set).
    fn put(
        &self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        condition: Condition,
    ) -> Result<Put, StoreError> {
        let (key, value) = (key.as_ref(), value.as_ref());
        check_key(key)?;
        check_value(value)?;
        let (version, written) = change(self, |locked| {
            locked.check(condition, key)?;
            locked.set(key, value)
        })?;
        let Written { slot, timestamp, inserted } = written;
        Ok(Put { version, slot, timestamp, inserted })
    }

    /// As [`set`](Self::set), provided that the table is still at version
    /// `expected`. Whoever read the table at that version thus knows that
    /// nothing has changed since.
    ///
    /// # Errors
    /// [`StoreError::VersionChanged`], with the found version, and those of
    /// [`set`](Self::set).
    fn compare_and_set(
        &self,
        key: impl AsRef<[u8]>,
        value: impl AsRef<[u8]>,
        expected: u32,
    ) -> Result<u32, StoreError> {
        Ok(self.put(key, value, Condition::Version(expected))?.version)
    }

    /// Removes `key`. Returns the version of the table without it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], those of a key that cannot be one, and those
    /// of every operation.
    fn delete(&self, key: impl AsRef<[u8]>) -> Result<u32, StoreError> {
        Ok(self.remove(key, Condition::Always)?.version)
    }

    /// As [`delete`](Self::delete), provided that `condition` holds under the
    /// lock. Returns what it has done.
    ///
    /// # Errors
    /// - [`StoreError::VersionChanged`]: the condition does not hold;
    /// - those of [`delete`](Self::delete).
    fn remove(&self, key: impl AsRef<[u8]>, condition: Condition) -> Result<Removed, StoreError> {
        let key = key.as_ref();
        check_key(key)?;
        let (version, slot) = change(self, |locked| {
            locked.check(condition, key)?;
            locked.delete(key)
        })?;
        Ok(Removed { version, slot })
    }

    /// Removes all keys, in one change. Also sets right a count that was wrong.
    ///
    /// # Errors
    /// Those of every operation, but never [`StoreError::Corrupt`].
    fn clear(&self) -> Result<u32, StoreError> {
        let (version, ()) = change(self, |locked| {
            locked.clear();
            Ok(())
        })?;
        Ok(version)
    }

    /// The whole table and its version, as they were at one moment.
    ///
    /// # Errors
    /// Those of every operation.
    fn entries(&self) -> Result<Snapshot, StoreError> {
        lock(self)?.snapshot()
    }

    /// Waits until the version is no longer `seen`; returns what it is then, or
    /// `None` where it is still `seen` at the deadline. Versions wrap, so
    /// "another" is all that can be said, not "later".
    ///
    /// A change by a process that uses this library wakes at once; one by a C
    /// program, which wakes nobody, is seen within 50 ms.
    ///
    /// # Errors
    /// [`StoreError::Os`]: the kernel refused to wait.
    ///
    /// # Source
    /// futex(2) on the version.
    fn wait_for_change(&self, seen: u32, deadline: Deadline) -> Result<Option<u32>, StoreError> {
        wait_with_sleeps(self, seen, deadline, LONGEST_SLEEP)
    }
}

impl KeyValue for Table {
    fn table(&self) -> &Table {
        self
    }
}

/// A store whose operations wait for the lock no longer than this allows; made
/// by [`KeyValue::within`].
#[derive(Clone, Copy)]
pub struct Within<'a> {
    table: &'a Table,
    awaited: Option<&'a AtomicU32>,
    undo: Option<&'a Undo>,
    lock_timeout: Duration,
}

impl KeyValue for Within<'_> {
    fn table(&self) -> &Table {
        self.table
    }

    fn lock_timeout(&self) -> Duration {
        self.lock_timeout
    }

    fn awaited(&self) -> Option<&AtomicU32> {
        self.awaited
    }

    fn undo(&self) -> Option<&Undo> {
        self.undo
    }
}

// ANCHOR: lock
/// Takes the table's lock, within the store's time for it.
fn lock<S: KeyValue + ?Sized>(store: &S) -> Result<Locked<'_>, StoreError> {
    let table = store.table();
    let waited = store.lock_timeout();
    // First without a look at the clock: the lock is nearly always free.
    let guard = match table.sem.try_guard().map_err(StoreError::Semaphore)? {
        Some(guard) => guard,
        // No system call, for those who must not sleep.
        None if waited.is_zero() => return Err(StoreError::LockTimeout { waited }),
        None => table.sem.guard_until(Deadline::after(waited)).map_err(|error| match error {
            SemaphoreError::TimedOut => StoreError::LockTimeout { waited },
            error => StoreError::Semaphore(error),
        })?,
    };
    Ok(Locked { table, undo: store.undo(), _guard: guard })
}
// ANCHOR_END: lock

// ANCHOR: change
/// Does what `act` does under the lock, counts it, and wakes who waits for it.
/// Returns the new version, and what `act` returns.
fn change<S: KeyValue + ?Sized, T>(
    store: &S,
    act: impl FnOnce(&Locked<'_>) -> Result<T, StoreError>,
) -> Result<(u32, T), StoreError> {
    let locked = lock(store)?;
    let done = act(&locked)?;
    let old = locked.bump_version();
    drop(locked);
    if store.awaited().is_none_or(|awaited| is_awaited(awaited, old)) {
        futex::wake_all(&store.table().version);
    }
    Ok((old.wrapping_add(1), done))
}
// ANCHOR_END: change

/// As [`KeyValue::wait_for_change`], in sleeps of at most `longest_sleep`.
pub(super) fn wait_with_sleeps<S: KeyValue + ?Sized>(
    store: &S,
    seen: u32,
    deadline: Deadline,
    longest_sleep: Duration,
) -> Result<Option<u32>, StoreError> {
    let word = &store.table().version;
    let mut left = deadline.remaining();
    loop {
        if let Some(awaited) = store.awaited() {
            announce(awaited, word, seen);
        }
        let version = store.version();
        if version != seen {
            return Ok(Some(version));
        }
        if left.is_zero() {
            return Ok(None);
        }
        let sleep = left.min(longest_sleep);
        // The kernel compares the version once more before it sleeps.
        let woken = futex::wait(word, seen, sleep)
            .map_err(|source| StoreError::Os { call: "futex", source })?;
        // A sleep that ran to its end is over by the kernel's word, even where
        // its time is not the clock's: in a simulation.
        left = match woken {
            Woken::TimedOut => deadline.remaining().min(left - sleep),
            Woken::LookAgain => deadline.remaining().min(left),
        };
    }
}
