//! What every function passes on its way in and out.
//!
//! Idea: inside, functions return results and may panic; outside, C sees -1 or
//! NULL and errno. On success errno is what it was before the call, whatever
//! system calls failed on the way. A thread that is cancelled goes on to the end of
//! the function: glibc ends it by unwinding, which Rust's frames do not let pass.
//! Source: the Rust reference on `extern "C"`: a panic that reaches it aborts
//! the process; pthread_setcancelstate(3).
//! Limits: where memory runs out, Rust's allocator ends the process.

use std::cell::RefCell;
use std::ffi::{CStr, CString};
use std::panic::{AssertUnwindSafe, catch_unwind};

use libc::{c_char, c_int};
use nix::errno::Errno;

use crate::failure::Failure;

thread_local! {
    /// The sentence of this thread's last failure.
    static LAST: RefCell<CString> = RefCell::default();
}

/// Does what `act` does; 0, or -1 and errno.
pub(crate) fn status(act: impl FnOnce() -> Result<(), Failure>) -> c_int {
    match result(act) {
        Some(()) => 0,
        None => -1,
    }
}

/// Does what `act` does; on failure `None` and errno.
pub(crate) fn result<T>(act: impl FnOnce() -> Result<T, Failure>) -> Option<T> {
    let before = Errno::last_raw();
    let _uncancelled = Uncancelled::begin();
    // A panic can leave nothing half done that a later call would find: what
    // outlives a call is the table, which peers can leave in any state anyway,
    // and `mappings`, whose changes are single stores.
    let done = catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|payload| Err(Failure::panicked(&*payload)));
    match done {
        Ok(value) => {
            Errno::set_raw(before);
            Some(value)
        }
        Err(Failure { errno, why }) => {
            remember(why);
            Errno::set_raw(errno);
            None
        }
    }
}

// Not in the libc crate. glibc, <pthread.h>.
unsafe extern "C" {
    fn pthread_setcancelstate(state: c_int, old: *mut c_int) -> c_int;
}

/// glibc, <pthread.h>.
const PTHREAD_CANCEL_DISABLE: c_int = 1;

/// While this lives, its thread is not cancelled.
struct Uncancelled(c_int);

impl Uncancelled {
    fn begin() -> Self {
        let mut before = 0;
        // SAFETY: the state is one of the two that there are, and `before` is ours.
        unsafe { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &raw mut before) };
        Self(before)
    }
}

impl Drop for Uncancelled {
    fn drop(&mut self) {
        let mut disabled = 0;
        // SAFETY: the state is what this thread had, and `disabled` is ours. It is
        // no cancellation point.
        unsafe { pthread_setcancelstate(self.0, &raw mut disabled) };
    }
}

fn remember(why: String) {
    let text = CString::new(why.replace('\0', "\\0")).unwrap_or_default();
    // Fails where the thread is ending, and nobody will ask any more.
    let _ = LAST.try_with(|last| last.replace(text));
}

/// What went wrong in the last function that failed in this thread, as a
/// sentence; an empty one before the first. Good until the next failure.
#[unsafe(no_mangle)]
pub extern "C" fn shared_memory_kv_last_error() -> *const c_char {
    // The text stays where it is until it is replaced.
    LAST.try_with(|last| last.borrow().as_ptr()).unwrap_or(CStr::as_ptr(c""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn last_error() -> String {
        // SAFETY: the pointer is to a C text that lives until the next failure.
        unsafe { CStr::from_ptr(shared_memory_kv_last_error()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn success_leaves_errno_alone() {
        Errno::set_raw(libc::EDOM);
        let status = status(|| {
            Errno::set_raw(libc::EINTR);
            Ok(())
        });
        assert_eq!((status, Errno::last_raw()), (0, libc::EDOM));
    }

    #[test]
    fn failure_sets_errno_and_keeps_its_sentence() {
        let status = status(|| Err(Failure::new(libc::ENOSPC, "no room for 3 of \0 things")));
        assert_eq!((status, Errno::last_raw()), (-1, libc::ENOSPC));
        assert_eq!(last_error(), "no room for 3 of \\0 things");
    }

    #[test]
    fn panic_stays_inside() {
        let answer: Option<()> = result(|| panic!("a test panics on purpose, number {}", 7));
        assert_eq!((answer, Errno::last_raw()), (None, libc::EIO));
        let why = last_error();
        assert_eq!(why, "the library has a fault: a test panics on purpose, number 7");
    }

    #[test]
    fn last_error_is_of_this_thread() {
        let _ = status(|| Err(Failure::null("the key")));
        std::thread::spawn(|| assert_eq!(last_error(), "")).join().unwrap();
        assert_eq!(last_error(), "the key is NULL");
    }
}
