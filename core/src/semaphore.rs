//! A semaphore between processes: glibc's own `sem_t`.
//!
//! Idea: C programs and we use one object, so it must be the C library's, not
//! one of our own. A [`SemaphoreGuard`] posts when it is dropped, on unwind too.
//! Source: sem_overview(7).
//! Limits: a semaphore has no owner. A process that dies between wait and post
//! leaves it at 0 for ever; a deadline is all that a waiter can do about it.

use std::io;

use crate::deadline::Deadline;
use crate::sys::semaphore::SemaphoreCell;

/// A counting semaphore that lies in shared memory.
///
/// Zeroed memory becomes one by [`init`](Self::init). It needs no drop.
#[repr(transparent)]
pub struct Semaphore(SemaphoreCell);

/// Why a semaphore operation failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SemaphoreError {
    /// The deadline passed while the value was 0. Nothing was taken.
    #[error("the semaphore was still 0 at the deadline")]
    TimedOut,
    /// Posting would exceed the largest value, 2,147,483,647.
    #[error("the semaphore is at its largest value, 2147483647")]
    Overflow,
    /// `call` failed in a way we do not interpret.
    #[error("{call} failed: {source}")]
    Os {
        /// The C function.
        call: &'static str,
        /// Its errno.
        source: io::Error,
    },
}

impl Semaphore {
    /// Makes this memory a semaphore shared between processes.
    ///
    /// To be called once, before another process can use it: whoever waits
    /// already may wait for ever.
    ///
    /// # Errors
    /// [`SemaphoreError::Overflow`]: `value` is more than 2,147,483,647.
    ///
    /// # Source
    /// sem_init(3) with `pshared` 1.
    pub fn init(&self, value: u32) -> Result<(), SemaphoreError> {
        self.0.init(value).map_err(|error| interpret("sem_init", error))
    }

    /// Takes one, and waits for it without a bound. A signal does not end the wait.
    ///
    /// # Errors
    /// [`SemaphoreError::Os`]; nothing was taken.
    ///
    /// # Source
    /// sem_wait(3).
    pub fn wait(&self) -> Result<(), SemaphoreError> {
        through_signals(|| self.0.wait()).map_err(|error| interpret("sem_wait", error))
    }

    /// Takes one if there is one; says whether it did.
    ///
    /// # Errors
    /// [`SemaphoreError::Os`]; nothing was taken.
    ///
    /// # Source
    /// sem_trywait(3).
    pub fn try_wait(&self) -> Result<bool, SemaphoreError> {
        match through_signals(|| self.0.try_wait()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(interpret("sem_trywait", error)),
        }
    }

    /// Takes one, and waits for it until `deadline`. A signal neither ends the
    /// wait nor moves the deadline. One that is there is taken even when the
    /// deadline has passed.
    ///
    /// # Errors
    /// - [`SemaphoreError::TimedOut`]: nothing was taken;
    /// - [`SemaphoreError::Os`]: nothing was taken.
    ///
    /// # Source
    /// sem_clockwait(3) on `CLOCK_MONOTONIC`, glibc 2.30.
    pub fn wait_until(&self, deadline: Deadline) -> Result<(), SemaphoreError> {
        through_signals(|| self.0.wait_until(deadline.to_timespec()))
            .map_err(|error| interpret("sem_clockwait", error))
    }

    /// Gives one back, and wakes a waiter if there is one.
    ///
    /// # Errors
    /// [`SemaphoreError::Overflow`]; nothing was given.
    ///
    /// # Source
    /// sem_post(3).
    pub fn post(&self) -> Result<(), SemaphoreError> {
        self.0.post().map_err(|error| interpret("sem_post", error))
    }

    /// How many can be taken at this moment; already another in the next.
    ///
    /// # Source
    /// sem_getvalue(3), which on Linux is never negative.
    pub fn value(&self) -> u32 {
        self.0.value().unsigned_abs()
    }

    /// Whether this memory was made a semaphore: glibc's bytes are never all
    /// zero in one that is shared between processes.
    pub(crate) fn is_initialised(&self) -> bool {
        self.words().as_flattened().iter().any(|byte| *byte != 0)
    }

    /// Whether sem_init(3) has made it one between processes. Another kind would
    /// wake nobody; and on bytes that are of no kind, glibc ends the process.
    pub(crate) fn is_between_processes(&self) -> bool {
        // The kind is in the second word, and does not change.
        let fresh = Self(SemaphoreCell::zeroed());
        fresh.init(1).is_ok() && fresh.words()[1] == self.words()[1]
    }

    /// glibc's bytes, as they are at this moment, word by word.
    pub(crate) fn words(&self) -> [[u8; 8]; 4] {
        self.0.words().map(u64::to_ne_bytes)
    }

    /// Takes one, as [`wait`](Self::wait) does; the guard gives it back.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    pub fn guard(&self) -> Result<SemaphoreGuard<'_>, SemaphoreError> {
        self.wait().map(|()| SemaphoreGuard(self))
    }

    /// Takes one if there is one; the guard gives it back.
    ///
    /// # Errors
    /// Those of [`try_wait`](Self::try_wait).
    pub fn try_guard(&self) -> Result<Option<SemaphoreGuard<'_>>, SemaphoreError> {
        // Not `then_some`: a guard made in vain would post when it is dropped.
        Ok(self.try_wait()?.then(|| SemaphoreGuard(self)))
    }

    /// Takes one, as [`wait_until`](Self::wait_until) does; the guard gives it back.
    ///
    /// # Errors
    /// Those of [`wait_until`](Self::wait_until).
    pub fn guard_until(&self, deadline: Deadline) -> Result<SemaphoreGuard<'_>, SemaphoreError> {
        self.wait_until(deadline).map(|()| SemaphoreGuard(self))
    }
}

// ANCHOR: guard
/// One taken from a [`Semaphore`], given back when this is dropped.
#[must_use = "the semaphore is posted as soon as this is dropped"]
pub struct SemaphoreGuard<'a>(&'a Semaphore);

impl Drop for SemaphoreGuard<'_> {
    fn drop(&mut self) {
        // It can fail only where a peer has posted two thousand million times
        // too often. Then nobody can wait in vain, and there is nobody to tell.
        let _ = self.0.post();
    }
}
// ANCHOR_END: guard

/// Calls again what a signal has interrupted.
fn through_signals(mut call: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

fn interpret(call: &'static str, error: io::Error) -> SemaphoreError {
    match error.raw_os_error() {
        Some(libc::ETIMEDOUT) => SemaphoreError::TimedOut,
        Some(libc::EOVERFLOW) => SemaphoreError::Overflow,
        Some(libc::EINVAL) if call == "sem_init" => SemaphoreError::Overflow,
        _ => SemaphoreError::Os { call, source: error },
    }
}

#[cfg(test)]
mod tests;
