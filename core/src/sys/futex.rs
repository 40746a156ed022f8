//! Waiting for a word in shared memory to change.
//!
//! Source: futex(2), `FUTEX_WAIT` and `FUTEX_WAKE`. Not the `PRIVATE` forms:
//! waiter and waker are different processes.
//! Limits: the kernel compares the word and sleeps in one step, so a change is
//! missed only by those who change the word and wake nobody.

use std::io;
use std::ptr::null;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use crate::deadline::timespec;

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

/// Wakes all who wait for `word`.
pub(crate) fn wake_all(word: &AtomicU32) {
    // SAFETY: `word` is a live, aligned 32-bit word, and the kernel uses only
    // its address. The call fails on bad addresses alone, so its result says
    // nothing that we do not know.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAKE,
            i32::MAX,
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
