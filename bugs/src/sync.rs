//! What the programs synchronise by: the C library's own mutexes and condition
//! variables, shared between processes, and a start that stands for the creation
//! of a thread.
//!
//! Source: pthread_mutexattr_setpshared(3), pthread_condattr_setpshared(3), futex(2).
//! Limits: a wait has no deadline; whoever runs a scenario bounds it.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering::Release};

use shmkv_harness::{Field, Kind, Shared, describe_mutex};

/// A process-shared `pthread_mutex_t` of the default kind.
#[repr(transparent)]
pub struct Mutex(UnsafeCell<libc::pthread_mutex_t>);

// SAFETY: the C library's functions are the only ones that touch it, and they
// synchronise between processes.
unsafe impl Sync for Mutex {}

// SAFETY: all zeroes is an unlocked mutex; it changes inside an `UnsafeCell`; the
// pointers in it are followed for robust mutexes only, which it is not.
unsafe impl Shared for Mutex {
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        describe_mutex(name, offset, fields);
    }
}

impl Mutex {
    /// Makes it, unlocked.
    pub fn init(&self) {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the attributes are valid for writes.
        done(unsafe { libc::pthread_mutexattr_init(attributes.as_mut_ptr()) });
        let attributes = attributes.as_mut_ptr();
        // SAFETY: they were initialised above.
        done(unsafe {
            libc::pthread_mutexattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED)
        });
        // SAFETY: nobody uses the mutex yet; the attributes are as above.
        done(unsafe { libc::pthread_mutex_init(self.0.get(), attributes) });
    }

    /// Locks it until the guard is dropped.
    pub fn lock(&self) -> Guard<'_> {
        // SAFETY: `init` made it, before any process could come here.
        done(unsafe { libc::pthread_mutex_lock(self.0.get()) });
        Guard(self)
    }
}

/// A locked [`Mutex`]; dropping it unlocks.
pub struct Guard<'a>(&'a Mutex);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // SAFETY: this process locked it, and has not unlocked it since.
        done(unsafe { libc::pthread_mutex_unlock(self.0.0.get()) });
    }
}

/// A process-shared `pthread_cond_t`.
#[repr(transparent)]
pub struct Condition(UnsafeCell<libc::pthread_cond_t>);

// SAFETY: as for `Mutex`.
unsafe impl Sync for Condition {}

// SAFETY: all zeroes is a condition that nobody waits for; it changes inside an
// `UnsafeCell`, and holds no pointer.
unsafe impl Shared for Condition {
    /// Its fields differ between versions of glibc, so it is one.
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        let size = size_of::<Self>();
        fields.push(Field { name: name.into(), offset, size, element: size, kind: Kind::Opaque });
    }
}

impl Condition {
    /// Makes it.
    pub fn init(&self) {
        let mut attributes = MaybeUninit::uninit();
        // SAFETY: the attributes are valid for writes.
        done(unsafe { libc::pthread_condattr_init(attributes.as_mut_ptr()) });
        let attributes = attributes.as_mut_ptr();
        // SAFETY: they were initialised above.
        done(unsafe {
            libc::pthread_condattr_setpshared(attributes, libc::PTHREAD_PROCESS_SHARED)
        });
        // SAFETY: nobody uses the condition yet; the attributes are as above.
        done(unsafe { libc::pthread_cond_init(self.0.get(), attributes) });
    }

    /// Unlocks, waits to be woken, and locks again.
    pub fn wait(&self, guard: &Guard<'_>) {
        let mutex = guard.0.0.get();
        // SAFETY: both were initialised; the guard says that the mutex is locked.
        done(unsafe { libc::pthread_cond_wait(self.0.get(), mutex) });
    }

    /// Wakes one that waits.
    pub fn wake_one(&self) {
        // SAFETY: `init` made it.
        done(unsafe { libc::pthread_cond_signal(self.0.get()) });
    }

    /// Wakes all that wait.
    pub fn wake_all(&self) {
        // SAFETY: `init` made it.
        done(unsafe { libc::pthread_cond_broadcast(self.0.get()) });
    }
}

fn done(error: i32) {
    assert_eq!(error, 0, "a pthread call failed");
}

/// What a process waits for at its very beginning, so that another decides when
/// it comes into being: where the published programs create a thread, theirs is
/// given its start.
#[repr(transparent)]
pub struct Start(AtomicU32);

// SAFETY: an atomic word.
unsafe impl Shared for Start {
    const NUMBER: Option<Kind> = Some(Kind::Unsigned);
    fn describe(name: &str, offset: usize, fields: &mut Vec<Field>) {
        AtomicU32::describe(name, offset, fields);
    }
}

impl Start {
    /// Lets the process begin that waits for this.
    pub fn give(&self) {
        // Release: what was written before is seen by the process that begins;
        // its futex call reads the word in the kernel.
        self.0.store(1, Release);
        futex(&self.0, libc::FUTEX_WAKE, 1).expect("a wake-up of a word that is mapped");
    }

    /// Waits until it is given.
    pub fn wait(&self) {
        // Woken, or the word is 1 already: `give` was called either way.
        while futex(&self.0, libc::FUTEX_WAIT, 0) == Err(libc::EINTR) {}
    }
}

/// Gives all of `starts`, in order.
pub fn give_all(starts: &[Start]) {
    starts.iter().for_each(Start::give);
}

/// What futex(2) says: how many were woken or 0, or the error number.
fn futex(word: &AtomicU32, op: i32, value: u32) -> Result<i64, i32> {
    let none = std::ptr::null::<libc::timespec>();
    // SAFETY: the word is valid for as long as the borrow; there is no timeout.
    let result = unsafe { libc::syscall(libc::SYS_futex, word.as_ptr(), op, value, none) };
    let error = || std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL);
    if result < 0 { Err(error()) } else { Ok(result) }
}
