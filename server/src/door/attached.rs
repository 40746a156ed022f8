//! The store that is open, and what there is instead when none is.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, TryLockError};
use std::time::Duration;

use shmkv::{KeyValue, OpenOptions, SegmentError, SegmentName, Store, StoreError};

use super::{Access, Journal};

/// An open store.
pub struct Attached {
    store: Store,
    journal: Mutex<Journal>,
    let_go: AtomicBool,
}

/// Why no store is open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Absence {
    /// There is no such segment, and this server may not create it.
    #[error("no store is open: there is no segment {name}")]
    Missing {
        /// Its name.
        name: SegmentName,
    },
    /// It was there, and its name was removed.
    #[error(
        "no store is open: segment {name} was unlinked by another process; \
         it will be opened again as soon as somebody creates it"
    )]
    Unlinked {
        /// Its name.
        name: SegmentName,
    },
    /// It is there, and its table is damaged.
    #[error("{reason}; the store is shown as it is, and POST /recover puts it right")]
    Damaged {
        /// The store's own words.
        reason: String,
    },
    /// It is closed for a moment, so that it can be recovered.
    #[error("the store is being recovered; try again")]
    Recovering,
    /// It is there, and cannot be opened.
    #[error("no store is open: {reason}")]
    Unusable {
        /// The store's own words.
        reason: String,
    },
}

impl Attached {
    /// Opens the store, or creates it unless `read_only`.
    ///
    /// # Errors
    /// Those of [`Store::create_or_open`]; what may pass is an [`Absence`].
    pub fn open(
        name: &SegmentName,
        trust: OpenOptions,
        read_only: bool,
    ) -> Result<Result<Self, Absence>, StoreError> {
        let store = match read_only {
            true => Store::open_with(name, trust),
            false => Store::create_or_open_with(name, trust),
        };
        match store {
            Ok(store) => Ok(Ok(Self::new(store))),
            Err(StoreError::Segment(SegmentError::NotFound { name })) => {
                Ok(Err(Absence::Missing { name }))
            }
            // A C program is just creating it.
            Err(
                error @ (StoreError::NotReady { .. }
                | StoreError::Segment(SegmentError::TooShort { found: 0, .. })),
            ) => Ok(Err(Absence::Unusable { reason: error.to_string() })),
            Err(error @ StoreError::Corrupt(_)) => {
                Ok(Err(Absence::Damaged { reason: error.to_string() }))
            }
            Err(error) => Err(error),
        }
    }

    /// Opens a store that somebody else has created since; `None` where nobody
    /// has.
    pub fn reopen(name: &SegmentName, trust: OpenOptions) -> Option<Result<Self, Absence>> {
        match Store::open_with(name, trust) {
            Ok(store) => Some(Ok(Self::new(store))),
            Err(StoreError::Segment(SegmentError::NotFound { .. })) => None,
            Err(error @ StoreError::Corrupt(_)) => {
                Some(Err(Absence::Damaged { reason: error.to_string() }))
            }
            Err(error) => Some(Err(Absence::Unusable { reason: error.to_string() })),
        }
    }

    fn new(store: Store) -> Self {
        Self { store, journal: Mutex::default(), let_go: AtomicBool::new(false) }
    }

    /// Makes operations that wait for the lock give up.
    pub fn let_go(&self) {
        // Relaxed: a flag to stop by, which orders nothing.
        self.let_go.store(true, Relaxed);
    }

    /// Whether the store is to be closed.
    pub fn is_let_go(&self) -> bool {
        self.let_go.load(Relaxed)
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The store, for an operation that waits for its lock for `patience`.
    pub fn access(&self, patience: Duration) -> Access<'_> {
        Access::new(self.store.within(patience), &self.journal)
    }

    /// Calls `look` while no request of this server is in the middle of a change;
    /// `None` where one is.
    pub fn between_changes<T>(&self, look: impl FnOnce(&mut Journal) -> T) -> Option<T> {
        match self.journal.try_lock() {
            Ok(mut journal) => Some(look(&mut journal)),
            Err(TryLockError::Poisoned(poisoned)) => Some(look(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}
