//! Signals that interrupt system calls, for tests.

use std::sync::Once;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;

/// How often the handler has run, in any thread.
static HANDLED: AtomicU32 = AtomicU32::new(0);

/// A thread that can be sent signals while this value's maker has not joined it.
#[derive(Clone, Copy)]
pub(crate) struct Target(libc::pthread_t);

extern "C" fn count(_signal: libc::c_int) {
    HANDLED.fetch_add(1, SeqCst);
}

/// Makes SIGUSR1 interrupt what it hits, without `SA_RESTART`, and returns this
/// thread as a target.
pub(crate) fn this_thread() -> Target {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        // SAFETY: all zeroes are a valid `sigaction`: no flags, no mask.
        let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
        action.sa_sigaction = count as *const () as usize;
        // SAFETY: `action` is valid, and the handler does nothing but an atomic
        // addition, which is async-signal-safe.
        let result = unsafe { libc::sigaction(libc::SIGUSR1, &action, std::ptr::null_mut()) };
        assert_eq!(result, 0, "SIGUSR1 can be handled");
    });
    // SAFETY: has no preconditions.
    Target(unsafe { libc::pthread_self() })
}

/// How often a thread of this process has been interrupted so far.
pub(crate) fn interruptions() -> u32 {
    HANDLED.load(SeqCst)
}

impl Target {
    /// Sends the thread a signal; nothing happens if it has ended.
    pub(crate) fn interrupt(self) {
        // SAFETY: the thread has not been joined, so its id is valid.
        let result = unsafe { libc::pthread_kill(self.0, libc::SIGUSR1) };
        assert!(matches!(result, 0 | libc::ESRCH), "pthread_kill returned {result}");
    }
}
