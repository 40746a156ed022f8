//! A store in a segment of its own: what C programs create and open.
//!
//! Idea: a [`Segment`] with a [`Table`] at its start, and nothing else. The
//! object has a table's 3,320 bytes. What our processes tell each other beside the
//! table lies behind it, in the rest of the last page: see [`Trailer`]. C programs
//! map the page and leave that alone.
//! Limits: the layout has no magic number. What is another program's object can
//! be told only by its size, and by contents that no table has.

use std::time::Duration;

use super::{DEFAULT_LOCK_TIMEOUT, KeyValue, StoreError, owner};
use crate::layout::{Table, Trailer};
use crate::sys::mapping::page_size;
use crate::{OpenOptions, Segment, SegmentName};

/// The name that C programs use.
pub const DEFAULT_NAME: &str = "/gitflow_kv_store";

/// A [`Table`] in a [`Segment`]. Dropping it unmaps; the object stays until it
/// is [unlinked](Self::unlink).
pub struct Store {
    segment: Segment,
    lock_timeout: Duration,
}

impl Store {
    /// Creates an empty store.
    ///
    /// # Errors
    /// [`StoreError::Segment`]; nothing was made.
    pub fn create(name: &SegmentName) -> Result<Self, StoreError> {
        let segment = Segment::create_with(name, size_of::<Table>(), init)?;
        Ok(Self { segment, lock_timeout: DEFAULT_LOCK_TIMEOUT }.joined())
    }

    /// Opens a store that this or another program has created.
    ///
    /// # Errors
    /// - [`StoreError::Segment`]: there is none, it is another user's, too short, …;
    /// - [`StoreError::NotReady`], or an object of 0 bytes: a C program is just
    ///   creating it, or died while it did; retrying is safe;
    /// - [`StoreError::Foreign`], [`StoreError::Corrupt`]: it is no table.
    pub fn open(name: &SegmentName) -> Result<Self, StoreError> {
        Self::open_with(name, OpenOptions::new())
    }

    /// As [`open`](Self::open), and `options` say whose stores are opened.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    pub fn open_with(name: &SegmentName, options: OpenOptions) -> Result<Self, StoreError> {
        Self::checked(Segment::open_with(name, size_of::<Table>(), options)?)
    }

    /// Opens the store, or creates it where there is none.
    ///
    /// # Errors
    /// Those of [`open`](Self::open) and [`create`](Self::create).
    pub fn create_or_open(name: &SegmentName) -> Result<Self, StoreError> {
        Self::create_or_open_with(name, OpenOptions::new())
    }

    /// As [`create_or_open`](Self::create_or_open), and `options` say whose stores
    /// are opened. What is created is this user's in any case.
    ///
    /// # Errors
    /// Those of [`create_or_open`](Self::create_or_open).
    pub fn create_or_open_with(
        name: &SegmentName,
        options: OpenOptions,
    ) -> Result<Self, StoreError> {
        Self::checked(Segment::create_or_open_with(name, size_of::<Table>(), init, options)?)
    }

    /// Removes the name. Who has the store mapped keeps it.
    ///
    /// # Errors
    /// [`StoreError::Segment`].
    pub fn unlink(name: &SegmentName) -> Result<(), StoreError> {
        Ok(Segment::unlink(name)?)
    }

    /// The same store, with another time that operations wait for the lock.
    #[must_use]
    pub fn with_lock_timeout(self, lock_timeout: Duration) -> Self {
        Self { lock_timeout, ..self }
    }

    /// The segment it lies in.
    pub fn segment(&self) -> &Segment {
        &self.segment
    }

    /// The segment, without the store's operations.
    pub fn into_segment(self) -> Segment {
        self.segment
    }

    /// The same store, with this process among its members.
    fn joined(self) -> Self {
        if let Some(trailer) = self.trailer() {
            // Without a place it works as well; then nobody is told who it was.
            owner::register(self.table(), trailer);
        }
        self
    }

    /// A store in `segment`, if what is there can be one.
    fn checked(segment: Segment) -> Result<Self, StoreError> {
        let name = segment.name().clone();
        check_size(&segment)?;
        let store = Self { segment, lock_timeout: DEFAULT_LOCK_TIMEOUT };
        if !store.table().sem.is_initialised() {
            return Err(StoreError::NotReady { name });
        }
        store.table().check()?;
        Ok(store.joined())
    }
}

impl KeyValue for Store {
    fn table(&self) -> &Table {
        self.segment.at(0).expect("create and open check the length")
    }

    fn lock_timeout(&self) -> Duration {
        self.lock_timeout
    }

    fn trailer(&self) -> Option<&Trailer> {
        trailer_in(&self.segment)
    }
}

/// The words behind the table in a segment.
pub(super) fn trailer_in(segment: &Segment) -> Option<&Trailer> {
    segment.in_last_page(Trailer::OFFSET)
}

/// Refuses an object that is longer than a table's.
pub(super) fn check_size(segment: &Segment) -> Result<(), StoreError> {
    let (found, needed) = (segment.length(), size_of::<Table>());
    let limit = needed.next_multiple_of(page_size());
    if found > limit {
        let name = segment.name().clone();
        return Err(StoreError::Foreign { name, found, needed, limit });
    }
    Ok(())
}

/// Makes a table of a new segment's zeroes.
fn init(segment: &Segment) {
    segment.at::<Table>(0).expect("the segment is as long as a table").init();
}
