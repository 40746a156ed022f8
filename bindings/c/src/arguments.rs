//! What C hands in, checked: NULL, alignment, length.
//!
//! Idea: texts are copied, in one pass and never beyond their limit, before
//! anything else looks at them. They may lie in the table itself.
//! Limits: that a pointer is valid must be believed.

use std::ptr::NonNull;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use libc::c_char;
use shmkv::{DEFAULT_LOCK_TIMEOUT, KEY_SIZE, KeyValue, SegmentName, Table, Trailer, VALUE_SIZE};

use crate::failure::Failure;
use crate::mappings::{self, Mapping};

/// Bytes of the longest segment name: a slash, 254 more, and a NUL.
const NAME_SIZE: usize = 256;

/// A text from C with room for `SIZE` bytes, its NUL among them.
pub(crate) struct Text<const SIZE: usize> {
    bytes: [u8; SIZE],
    length: usize,
}

/// A key from C.
pub(crate) type Key = Text<KEY_SIZE>;

/// A value from C.
pub(crate) type Value = Text<VALUE_SIZE>;

impl<const SIZE: usize> Text<SIZE> {
    /// Copies the text at `text`.
    ///
    /// # Safety
    /// `text` is NULL, or points to a NUL or to `SIZE` readable bytes,
    /// whichever is first.
    pub(crate) unsafe fn copy(text: *const c_char, what: &str) -> Result<Self, Failure> {
        if text.is_null() {
            return Err(Failure::null(what));
        }
        let mut bytes = [0; SIZE];
        // SAFETY:
        // - source: the caller's promise; memccpy reads no further than a NUL;
        // - destination: `SIZE` bytes of ours, which do not overlap it;
        // - peers: they may write the source meanwhile; then some mixture is
        //   copied, of bounded length all the same.
        let end = unsafe { libc::memccpy(bytes.as_mut_ptr().cast(), text.cast(), 0, SIZE) };
        let Some(end) = NonNull::new(end) else {
            let why = format!("{what} has {SIZE} bytes or more; at most {} fit", SIZE - 1);
            return Err(Failure::new(libc::ENAMETOOLONG, why));
        };
        // memccpy returns the address behind the NUL.
        let length = end.addr().get() - bytes.as_ptr().addr() - 1;
        Ok(Self { bytes, length })
    }
}

impl<const SIZE: usize> AsRef<[u8]> for Text<SIZE> {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Copies a segment's name.
///
/// # Safety
/// That of [`Text::copy`], for 256 bytes.
pub(crate) unsafe fn segment_name(name: *const c_char) -> Result<SegmentName, Failure> {
    // SAFETY: the caller's promise.
    let name = unsafe { Text::<NAME_SIZE>::copy(name, "the name") }?;
    let name = std::str::from_utf8(name.as_ref())
        .map_err(|_| Failure::new(libc::EINVAL, "the name is not UTF-8"))?;
    Ok(SegmentName::new(name)?)
}

/// A table that a C program has mapped, with our help or without.
pub(crate) struct Store<'a> {
    table: &'a Table,
    mapping: Option<&'static Mapping>,
}

impl<'a> Store<'a> {
    /// The table at `store`.
    ///
    /// # Safety
    /// `store` is NULL, not aligned, or points to a mapped table that stays
    /// mapped for `'a`.
    pub(crate) unsafe fn at(store: *mut Table) -> Result<Self, Failure> {
        if store.is_null() {
            return Err(Failure::null("store"));
        }
        if !store.is_aligned() {
            let why =
                format!("store is {store:p}, which is no multiple of {}", align_of::<Table>());
            return Err(Failure::new(libc::EINVAL, why));
        }
        // SAFETY:
        // - bounds, lifetime: the caller's promise; alignment: just checked;
        // - validity: any bytes are a table, and all its fields are atomics;
        // - peers: none truncates the object.
        let table = unsafe { &*store };
        Ok(Self { table, mapping: mappings::find(store.addr()) })
    }

    /// What the library remembers of it, if it has mapped it.
    pub(crate) fn mapping(&self) -> Option<&'static Mapping> {
        self.mapping
    }
}

impl KeyValue for Store<'_> {
    fn table(&self) -> &Table {
        self.table
    }

    fn lock_timeout(&self) -> Duration {
        let set = |mapping: &Mapping| mapping.lock_timeout_ms.load(Relaxed).into();
        self.mapping.map(set).map_or(DEFAULT_LOCK_TIMEOUT, Duration::from_millis)
    }

    fn trailer(&self) -> Option<&Trailer> {
        // In other memory the program may keep something else there.
        let mapped = self.mapping?.length();
        // SAFETY: the library has mapped so many bytes from the table's start, and
        // they stay mapped with it; the object is a table's, so that nothing else
        // lies behind it.
        unsafe { Trailer::behind(self.table, mapped) }
    }
}

/// The caller's number, or a failure where it is NULL.
pub(crate) fn number(number: *mut u32, what: &str) -> Result<NonNull<u32>, Failure> {
    NonNull::new(number).ok_or_else(|| Failure::null(what))
}
