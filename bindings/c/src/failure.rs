//! What C learns of an error: a number, and a sentence.
//!
//! Idea: errno says what to do, and is documented for each function in the
//! header; the sentence of the original error, with its numbers, can be had
//! from `shared_memory_kv_last_error`.

use std::any::Any;
use std::io;

use libc::c_int;
use shmkv::{NameError, Owner, SegmentError, SemaphoreError, StoreError};

/// Why a function failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// For errno.
    pub(crate) errno: c_int,
    /// A sentence.
    pub(crate) why: String,
}

impl Failure {
    pub(crate) fn new(errno: c_int, why: impl Into<String>) -> Self {
        Self { errno, why: why.into() }
    }

    /// An argument that must not be NULL is.
    pub(crate) fn null(what: &str) -> Self {
        Self::new(libc::EINVAL, format!("{what} is NULL"))
    }

    /// A panic of ours: a fault of this library, and not of its caller.
    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Self::new(libc::EIO, format!("the library has a fault: {text}"))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let remedy = match &error {
            StoreError::LockTimeout { owner: Owner::Dead(_) | Owner::Unknown, .. } => {
                " with shared_memory_kv_recover()"
            }
            StoreError::Corrupt(_) => "; shared_memory_kv_recover() sets it right",
            _ => "",
        };
        Self::new(errno_of(&error), format!("{error}{remedy}"))
    }
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        let errno = match error {
            NameError::TooLong { .. } => libc::ENAMETOOLONG,
            _ => libc::EINVAL,
        };
        Self::new(errno, error.to_string())
    }
}

/// The header's table of errors.
fn errno_of(error: &StoreError) -> c_int {
    use StoreError as E;
    match error {
        E::EmptyKey | E::NulInKey { .. } | E::NulInValue { .. } => libc::EINVAL,
        E::KeyTooLong { .. } | E::ValueTooLong { .. } => libc::ENAMETOOLONG,
        E::Full { .. } => libc::ENOSPC,
        E::NotFound { .. } => libc::ENOENT,
        E::VersionChanged { .. } | E::NotReady { .. } => libc::EAGAIN,
        E::LockTimeout { .. } => libc::ETIMEDOUT,
        E::InUse { .. } => libc::EBUSY,
        E::Corrupt(_) | E::Foreign { .. } => libc::EBADMSG,
        E::Segment(error) => errno_of_segment(error),
        E::Semaphore(SemaphoreError::TimedOut) => libc::ETIMEDOUT,
        E::Semaphore(SemaphoreError::Overflow) => libc::EBADMSG,
        E::Semaphore(SemaphoreError::Os { source, .. }) | E::Os { source, .. } => number(source),
        _ => libc::EIO,
    }
}

fn errno_of_segment(error: &SegmentError) -> c_int {
    use SegmentError as E;
    match error {
        E::Exists { .. } => libc::EEXIST,
        E::NotFound { .. } => libc::ENOENT,
        E::PermissionDenied { .. } | E::OtherOwner { .. } | E::OpenToOthers { .. } => libc::EACCES,
        // A C program that creates it sizes it in its next call.
        E::TooShort { found: 0, .. } => libc::EAGAIN,
        E::TooShort { .. } | E::NotAnObject { .. } => libc::EBADMSG,
        E::NoRoom { source, .. } | E::Os { source, .. } => number(source),
        _ => libc::EIO,
    }
}

fn number(source: &io::Error) -> c_int {
    source.raw_os_error().unwrap_or(libc::EIO)
}
