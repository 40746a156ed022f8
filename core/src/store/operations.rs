//! The operations of the store, on a table wherever it lies.
//!
//! Idea: one set of operations for a table in a segment ([`Store`](crate::Store)),
//! for one in any other shared memory ([`Table`]), and for either with another
//! patience ([`Within`]). Each takes the table's semaphore, and gives up after
//! a bounded time, earlier where the lock's owner is known to be dead.
//! Source: futex(2) for waiting on the version.
//! Limits: nothing here repairs a table whose owner died: its lock stays taken,
//! until somebody calls [`Store::recover`](crate::Store::recover).

use std::sync::atomic::Ordering::Acquire;
use std::time::Duration;

use super::awaited::{announce, is_awaited};
use super::entry::text;
use super::limits::{check_key, check_value};
use super::locked::{Locked, Written};
use super::owner::{self, Owner};
use super::{Condition, Corruption, Put, Removed, Snapshot, StoreError};
use crate::layout::{Table, Trailer};
use crate::semaphore::Mark;
use crate::sys::futex::{self, Woken};
use crate::{Deadline, SemaphoreError, SemaphoreGuard};

/// How long the lock is waited for where nothing else is said.
pub const DEFAULT_LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a change by a C program, which wakes nobody, can go unnoticed.
const LONGEST_SLEEP: Duration = Duration::from_millis(25);

/// How long the lock is waited for before its owner's life is looked at.
const LONGEST_TRUST: Duration = Duration::from_millis(250);

const _: () = assert!(LONGEST_SLEEP.as_millis() <= 50, "what wait_for_change promises");

/// A key-value store in shared memory.
///
/// Keys have 1 to 63 bytes and values 0 to 255; neither holds a NUL. Every
/// operation is atomic with regard to all others, C programs' included. All but
/// [`version`](Self::version) and [`wait_for_change`](Self::wait_for_change)
/// take the table's lock. They return [`StoreError::LockTimeout`] when it is not free
/// within [`lock_timeout`](Self::lock_timeout), or within a quarter of a second when
/// its owner is known to be dead; [`StoreError::Semaphore`] when it fails otherwise,
/// and [`StoreError::Corrupt`] when they come upon something that cannot be. After any error nothing has changed.
pub trait KeyValue {
    /// The table.
    fn table(&self) -> &Table;

    /// How long each operation waits for the lock, at most. With zero it takes
    /// the lock if it is free, and never sleeps.
    fn lock_timeout(&self) -> Duration {
        DEFAULT_LOCK_TIMEOUT
    }

    /// The words behind the table; `None` where there is no room for them. Without
    /// them every change costs a system call, to wake who may not be there; an
    /// owner that dies within a change of a long value takes the entry along; and
    /// nobody is told who the owner was.
    #[doc(hidden)]
    fn trailer(&self) -> Option<&Trailer> {
        None
    }

    /// The same store, with another [`lock_timeout`](Self::lock_timeout).
    fn within(&self, lock_timeout: Duration) -> Within<'_> {
        Within { table: self.table(), trailer: self.trailer(), lock_timeout }
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
        locked(self)?.get(key)
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
        Ok(locked(self)?.contains(key))
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
        locked(self)?.snapshot()
    }

    /// Takes the lock, and keeps it until the guard is dropped: to read the fields
    /// of [`table`](Self::table) as they are at one moment. Until then every other
    /// operation waits, this thread's, too.
    ///
    /// # Errors
    /// Those of every operation.
    fn lock(&self) -> Result<SemaphoreGuard<'_>, StoreError> {
        lock(self)
    }

    /// Gives back a lock whose guard was forgotten, for languages that have no
    /// guards: whoever holds it. Says whether anybody did.
    ///
    /// # Errors
    /// [`StoreError::Semaphore`].
    fn unlock(&self) -> Result<bool, StoreError> {
        let semaphore = &self.table().sem;
        if semaphore.value() > 0 {
            // One more would let two owners in.
            return Ok(false);
        }
        semaphore.post().map_err(StoreError::Semaphore)?;
        Ok(true)
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
    trailer: Option<&'a Trailer>,
    lock_timeout: Duration,
}

impl KeyValue for Within<'_> {
    fn table(&self) -> &Table {
        self.table
    }

    fn lock_timeout(&self) -> Duration {
        self.lock_timeout
    }

    fn trailer(&self) -> Option<&Trailer> {
        self.trailer
    }
}

// ANCHOR: lock
/// Takes the table's lock, within the store's time for it.
fn lock<S: KeyValue + ?Sized>(store: &S) -> Result<SemaphoreGuard<'_>, StoreError> {
    let (table, trailer) = (store.table(), store.trailer());
    let mark = trailer.map_or(0, |trailer| owner::mark(table, trailer));
    // First without a look at the clock: the lock is nearly always free.
    match table.sem.try_lock(mark) {
        Ok(true) => Ok(table.sem.guarded(mark)),
        Ok(false) => wait_for_lock(store, mark),
        Err(value) => Err(Corruption::Semaphore { value }.into()),
    }
}
// ANCHOR_END: lock

/// The table, with its lock taken.
fn locked<S: KeyValue + ?Sized>(store: &S) -> Result<Locked<'_>, StoreError> {
    let undo = store.trailer().map(|trailer| &trailer.undo);
    Ok(Locked { _guard: lock(store)?, table: store.table(), undo })
}

/// Waits for the lock, unless its owner is known to be dead.
fn wait_for_lock<S: KeyValue + ?Sized>(
    store: &S,
    mark: Mark,
) -> Result<SemaphoreGuard<'_>, StoreError> {
    let (table, trailer) = (store.table(), store.trailer());
    let timeout = store.lock_timeout();
    if timeout.is_zero() {
        // No system call, for those who must not sleep.
        return Err(StoreError::LockTimeout { waited: timeout, owner: Owner::Unknown });
    }
    let deadline = Deadline::after(timeout);
    loop {
        // Who has no trailer cannot be told of a death, and sleeps in one go.
        let look = if trailer.is_some() { Deadline::after(LONGEST_TRUST) } else { deadline };
        match table.sem.take(mark, Some(look.min(deadline))) {
            Ok(()) => return Ok(table.sem.guarded(mark)),
            Err(SemaphoreError::TimedOut) => {}
            Err(error) => return Err(StoreError::Semaphore(error)),
        }
        let owner = owner::owner(table, trailer);
        let waited = timeout.saturating_sub(deadline.remaining());
        match owner {
            Owner::Dead(_) => return Err(StoreError::LockTimeout { waited, owner }),
            _ if look >= deadline => {
                return Err(StoreError::LockTimeout { waited: timeout, owner });
            }
            _ => {}
        }
    }
}

// ANCHOR: change
/// Does what `act` does under the lock, counts it, and wakes who waits for it.
/// Returns the new version, and what `act` returns.
fn change<S: KeyValue + ?Sized, T>(
    store: &S,
    act: impl FnOnce(&Locked<'_>) -> Result<T, StoreError>,
) -> Result<(u32, T), StoreError> {
    let locked = locked(store)?;
    let done = act(&locked)?;
    let old = locked.bump_version();
    drop(locked);
    if store.trailer().is_none_or(|trailer| is_awaited(&trailer.awaited, old)) {
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
        if let Some(trailer) = store.trailer() {
            announce(&trailer.awaited, word, seen);
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
