//! Waiting on a word of shared memory, between processes.
//!
//! Idea: a thin layer over futex(2). Every wake-up may be spurious, so `wait`
//! does not say why it returned: callers look at the word again.
//! Limits: none of the private, robust or priority-inheriting forms.

use std::ptr;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps while `word` holds `expected`, until a [`wake`], `timeout`, or a signal.
///
/// Returns at once where the word holds anything else. The kernel compares and
/// goes to sleep in one step, so a change followed by a `wake` is never missed.
pub(crate) fn wait(word: &AtomicU32, expected: u32, timeout: Option<Duration>) {
    let timeout = timeout.map(timespec);
    let timeout = timeout.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the word and the timeout are borrowed for the length of the call;
    // FUTEX_WAIT reads both and writes neither.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAIT, expected, timeout) };
}

/// Wakes up to `count` of those that sleep on `word`.
pub(crate) fn wake(word: &AtomicU32, count: i32) {
    // SAFETY: FUTEX_WAKE takes the word's address as a key and does not access it.
    unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, count) };
}

/// Wakes all that sleep on `word`.
pub(crate) fn wake_all(word: &AtomicU32) {
    wake(word, i32::MAX);
}

fn timespec(duration: Duration) -> libc::timespec {
    libc::timespec {
        tv_sec: duration.as_secs().try_into().unwrap_or(libc::time_t::MAX),
        tv_nsec: duration.subsec_nanos().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::SeqCst;

    #[test]
    fn wait_on_another_value_returns_at_once() {
        wait(&AtomicU32::new(1), 0, None);
    }

    #[test]
    fn wait_ends_by_its_timeout() {
        wait(&AtomicU32::new(0), 0, Some(Duration::from_micros(1)));
    }

    /// Allowed: the waiter sleeps first, or finds the word changed. Either way it ends.
    #[test]
    fn wake_ends_a_wait() {
        let word = AtomicU32::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while word.load(SeqCst) == 0 {
                    wait(&word, 0, None);
                }
            });
            word.store(1, SeqCst);
            wake_all(&word);
        });
    }
}
