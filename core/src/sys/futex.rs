//! Waiting for a word in shared memory to change.
//!
//! Source: futex(2), `FUTEX_WAIT` and `FUTEX_WAKE`. Not the `PRIVATE` forms:
//! waiter and waker are different processes.
//! Limits: the kernel compares the word and sleeps in one step, so a change is
//! missed only by those who change the word and wake nobody.

use std::io;
use std::ptr::null;
use std::sync::atomic::{AtomicU32, AtomicU64};
use std::time::Duration;

use crate::deadline::{Deadline, timespec};

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Woken {
    /// Somebody woke us, the word was another already, or a signal came. The
    /// caller looks at the word again in each case.
    LookAgain,
    /// The time is over.
    TimedOut,
}

/// Sleeps while `word` is `expected`, for `timeout` at most.
pub(crate) fn wait(word: &AtomicU32, expected: u32, timeout: Duration) -> io::Result<Woken> {
    let timeout = timespec(timeout);
    // SAFETY:
    // - `word` is a live, aligned 32-bit word, and `timeout` lives until return;
    // - the kernel only reads both; it reads `word` atomically;
    // - peers: whatever they store, the call compares it and returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT,
            expected,
            &raw const timeout,
            null::<u32>(),
            0_u64,
        )
    };
    woken(result)
}

/// What the result of a wait means.
fn woken(result: libc::c_long) -> io::Result<Woken> {
    if result == 0 {
        return Ok(Woken::LookAgain);
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EINTR) => Ok(Woken::LookAgain),
        Some(libc::ETIMEDOUT) => Ok(Woken::TimedOut),
        _ => Err(error),
    }
}

/// Where the low half of `word` lies, which a futex can be.
fn low_half(word: &AtomicU64) -> *mut u32 {
    let first = word.as_ptr().cast::<u32>();
    if cfg!(target_endian = "little") { first } else { first.wrapping_add(1) }
}

/// Sleeps while the low half of `word` is 0, until `deadline` at most if there is
/// one.
///
/// # Source
/// futex(2), `FUTEX_WAIT_BITSET`, whose time is absolute on the monotonic clock.
pub(crate) fn wait_for_more_than_zero(
    word: &AtomicU64,
    deadline: Option<Deadline>,
) -> io::Result<Woken> {
    let deadline = deadline.map(Deadline::to_timespec);
    // SAFETY:
    // - half of a live, aligned 64-bit word is a live, aligned 32-bit word, and
    //   `deadline` lives until return;
    // - the kernel only reads both; it reads the word atomically;
    // - peers: whatever they store, the call compares it and returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_futex,
            low_half(word),
            libc::FUTEX_WAIT_BITSET,
            0_u32,
            deadline.as_ref().map_or(null(), std::ptr::from_ref),
            null::<u32>(),
            libc::FUTEX_BITSET_MATCH_ANY as u32,
        )
    };
    woken(result)
}

/// Wakes all who wait for `word`.
pub(crate) fn wake_all(word: &AtomicU32) {
    wake(word.as_ptr(), i32::MAX);
}

/// Wakes one who waits for the low half of `word`.
pub(crate) fn wake_one(word: &AtomicU64) {
    wake(low_half(word), 1);
}

fn wake(word: *mut u32, most: i32) {
    // SAFETY: both callers pass a live, aligned 32-bit word, and the kernel uses
    // only its address. The call fails on bad addresses alone, so its result says
    // nothing that we do not know.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word,
            libc::FUTEX_WAKE,
            most,
            null::<libc::timespec>(),
            null::<u32>(),
            0_u64,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wait_for_a_changed_word_returns_at_once() {
        let word = AtomicU32::new(2);
        assert_eq!(wait(&word, 1, Duration::from_secs(60)).unwrap(), Woken::LookAgain);
    }

    #[test]
    fn wait_for_an_unchanged_word_times_out() {
        let word = AtomicU32::new(1);
        assert_eq!(wait(&word, 1, Duration::from_millis(1)).unwrap(), Woken::TimedOut);
    }
}
