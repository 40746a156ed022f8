//! glibc's `sem_t`, called through `&`.
//!
//! Idea: the cell is the one place where a `sem_t` is touched; all its
//! functions are safe, since glibc synchronises every use after `init`.
//! Source: sem_init(3), sem_wait(3), sem_post(3), sem_getvalue(3).
//! Limits: glibc 2.30 or later, for `sem_clockwait`.

use std::cell::UnsafeCell;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use libc::{c_int, c_uint, clockid_t, sem_t, timespec};

// Not in the libc crate. glibc 2.30, <semaphore.h>.
unsafe extern "C" {
    fn sem_clockwait(sem: *mut sem_t, clock: clockid_t, deadline: *const timespec) -> c_int;
}

/// 64-bit words in a `sem_t`.
const WORDS: usize = 4;

const _: () = {
    assert!(size_of::<sem_t>() == WORDS * size_of::<AtomicU64>());
    assert!(align_of::<sem_t>() >= align_of::<AtomicU64>());
};

/// A `sem_t` that may lie in shared memory.
#[repr(transparent)]
pub(crate) struct SemaphoreCell(UnsafeCell<sem_t>);

// SAFETY: POSIX makes the semaphore functions safe to call from any thread, and
// with `pshared` from any process; nothing else touches the bytes.
unsafe impl Sync for SemaphoreCell {}
// SAFETY: as for `Sync`; a `sem_t` belongs to no thread.
unsafe impl Send for SemaphoreCell {}

impl SemaphoreCell {
    fn raw(&self) -> *mut sem_t {
        self.0.get()
    }

    /// Memory that is no semaphore yet.
    pub(crate) fn zeroed() -> Self {
        // SAFETY: a `sem_t` is plain integers, for which zeroes are valid.
        Self(UnsafeCell::new(unsafe { std::mem::zeroed() }))
    }

    /// Makes it a semaphore shared between processes.
    pub(crate) fn init(&self, value: c_uint) -> io::Result<()> {
        // SAFETY: the pointer is valid and aligned, being a reference's. Peers
        // that use it at the same time find one value or the other: glibc
        // stores aligned words.
        check(unsafe { libc::sem_init(self.raw(), 1, value) })
    }

    pub(crate) fn wait(&self) -> io::Result<()> {
        // SAFETY: the pointer is valid and aligned. Peers: any bytes are a
        // value and a count of waiters; a wrong one can only make us wait.
        check(unsafe { libc::sem_wait(self.raw()) })
    }

    pub(crate) fn try_wait(&self) -> io::Result<()> {
        // SAFETY: as in `wait`.
        check(unsafe { libc::sem_trywait(self.raw()) })
    }

    /// Waits until `deadline` on the monotonic clock.
    pub(crate) fn wait_until(&self, deadline: timespec) -> io::Result<()> {
        // SAFETY: as in `wait`; `deadline` lives until the call returns.
        check(unsafe { sem_clockwait(self.raw(), libc::CLOCK_MONOTONIC, &raw const deadline) })
    }

    pub(crate) fn post(&self) -> io::Result<()> {
        // SAFETY: as in `wait`.
        check(unsafe { libc::sem_post(self.raw()) })
    }

    pub(crate) fn value(&self) -> c_int {
        let mut value = 0;
        // SAFETY: as in `wait`; `value` is ours. The call cannot fail.
        unsafe { libc::sem_getvalue(self.raw(), &raw mut value) };
        value
    }

    /// Its bytes, as they are at this moment.
    pub(crate) fn words(&self) -> [u64; WORDS] {
        // SAFETY:
        // - bounds and alignment: a `sem_t` is four aligned 64-bit words, as
        //   asserted below;
        // - aliasing: atomics behind a shared reference; glibc changes these
        //   bytes atomically, too;
        // - lifetime: that of `self`.
        let words = unsafe { &*self.raw().cast::<[AtomicU64; WORDS]>() };
        // Relaxed: each word is looked at by itself.
        words.each_ref().map(|word| word.load(Relaxed))
    }
}

fn check(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
