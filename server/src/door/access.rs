//! The store as one operation uses it: with a bounded patience, and with a
//! journal of what it changes.

use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

use shmkv::{Condition, KeyValue, Owner, Put, Removed, Snapshot, StoreError, Within};

use super::{Journal, Note, What};

/// A store whose changes are noted.
pub struct Access<'a> {
    store: Within<'a>,
    journal: &'a Mutex<Journal>,
}

impl<'a> Access<'a> {
    pub(super) fn new(store: Within<'a>, journal: &'a Mutex<Journal>) -> Self {
        Self { store, journal }
    }

    /// The value of `key`, and a version not later than it.
    ///
    /// # Errors
    /// Those of [`KeyValue::get`].
    pub fn get(&self, key: &[u8]) -> Result<(Vec<u8>, u32), StoreError> {
        // The version first: should a change come in between, it is one too
        // old, and who relies on it is sent to read again.
        let version = self.store.version();
        Ok((self.store.get(key)?, version))
    }

    /// The whole table.
    ///
    /// # Errors
    /// Those of [`KeyValue::entries`].
    pub fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.store.entries()
    }

    /// Sets `key`, and notes it.
    ///
    /// # Errors
    /// Those of [`KeyValue::put`].
    pub fn put(&self, key: &[u8], value: &[u8], condition: Condition) -> Result<Put, StoreError> {
        let mut journal = self.journal()?;
        let put = self.store.put(key, value, condition)?;
        let Put { version, slot, timestamp, .. } = put;
        let what = What::Set { value: value.to_vec(), timestamp };
        journal.note(Note { version, key: key.to_vec(), slot, what });
        Ok(put)
    }

    /// Removes `key`, and notes it.
    ///
    /// # Errors
    /// Those of [`KeyValue::remove`].
    pub fn remove(&self, key: &[u8], condition: Condition) -> Result<Removed, StoreError> {
        let mut journal = self.journal()?;
        let removed = self.store.remove(key, condition)?;
        let Removed { version, slot } = removed;
        journal.note(Note { version, key: key.to_vec(), slot, what: What::Delete });
        Ok(removed)
    }

    /// The journal, taken before the store's lock and kept until the change is
    /// noted: who holds it knows all changes of ours.
    fn journal(&self) -> Result<MutexGuard<'a, Journal>, StoreError> {
        let waited = self.store.lock_timeout();
        if waited > Duration::ZERO {
            return Ok(self.journal.lock().unwrap_or_else(PoisonError::into_inner));
        }
        match self.journal.try_lock() {
            Ok(journal) => Ok(journal),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                Err(StoreError::LockTimeout { waited, owner: Owner::Unknown })
            }
        }
    }
}
