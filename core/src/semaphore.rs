//! A semaphore between processes, in the layout and protocol of glibc's `sem_t`.
//!
//! Idea: C programs and we use one object, so its words mean what they mean to
//! glibc. The functions are our own: glibc's believe all words of a `sem_t`, and
//! one that a peer has overwritten makes them abort or never return. Ours use
//! the value and the count of waiters, for which every number is possible. A
//! [`SemaphoreGuard`] posts when it is dropped, on unwind too.
//! Source: sem_overview(7), futex(2); glibc's nptl/sem_waitcommon.c and
//! nptl/sem_post.c for the protocol, sysdeps/nptl/internaltypes.h for the layout.
//! Limits: glibc on 64-bit machines. A semaphore has no owner that C programs
//! would tell: a process that dies between wait and post leaves it at 0 for
//! ever. Ours tell who they are, where they can: see [`Mark`].

use std::io;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicU32, AtomicU64};

use crate::deadline::Deadline;
use crate::sys::futex::{self, Woken};

#[cfg(not(all(target_env = "gnu", target_pointer_width = "64")))]
compile_error!("the layout of sem_t is known for glibc on 64-bit machines only");

/// One waiter, in the semaphore's first word.
const WAITER: u64 = 1 << 32;

/// The value, in the semaphore's first word.
const VALUE: u64 = u32::MAX as u64;

/// What the kind of a semaphore between processes is: glibc stores it, and we
/// do not look at it once a semaphore is in use.
const BETWEEN_PROCESSES: u32 = 128;

/// The largest value.
const LARGEST: u32 = i32::MAX as u32;

/// How often a compare-exchange is tried that others make fail. Each time one of
/// them has got on, so only somebody who writes without end can exhaust it.
const TRIES: u32 = 10_000;

/// After how many looks at the value without a sleep the clock is looked at.
const LOOKS: u64 = 100;

/// A counting semaphore that lies in shared memory.
///
/// | offset | size | field     | written by    | rule                              |
/// |-------:|-----:|-----------|---------------|-----------------------------------|
/// |      0 |    4 | value     | all           | what can be taken; futex word     |
/// |      4 |    3 | waiters   | who waits     | asleep, or about to be; not exact |
/// |      7 |    1 | mark      | who holds it  | 0, or which of our processes      |
/// |      8 |    4 | `kind`    | who makes it  | 128: between processes            |
/// |     12 |   20 | `rest`    | nobody        |                                   |
///
/// The first three are one word, so that one store changes them together. To
/// glibc the mark is part of the count of waiters, which it only adds to, takes
/// from, and compares with 0: a mark costs a C program that posts one needless
/// wake-up. A waiter that was killed is counted for ever, and costs the same.
///
/// Zeroed memory becomes one by [`init`](Self::init). It needs no drop.
#[repr(C, align(8))]
pub struct Semaphore {
    data: AtomicU64,
    kind: AtomicU32,
    rest: [AtomicU32; 5],
}

const _: () = {
    use std::mem::offset_of;
    assert!(offset_of!(Semaphore, data) == 0);
    assert!(offset_of!(Semaphore, kind) == 8);
    assert!(size_of::<Semaphore>() == size_of::<libc::sem_t>());
    assert!(align_of::<Semaphore>() == align_of::<libc::sem_t>());
};

/// Which of our processes holds a semaphore that is a lock: 0 for none that is
/// known, or 1 + its place among the members of a store.
///
/// It appears in the very step that takes the semaphore, and vanishes in the one
/// that gives it back. So where it stands, and its process is dead, that process
/// holds the lock: it is no guess.
pub(crate) type Mark = u8;

/// A mark's place in the first word.
const fn marked(mark: Mark) -> u64 {
    (mark as u64) << 56
}

/// All bits of a mark.
const MARK: u64 = marked(Mark::MAX);

/// The value in a first word.
const fn value_in(data: u64) -> u32 {
    (data & VALUE) as u32
}

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
        /// The system call.
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
        if value > LARGEST {
            return Err(SemaphoreError::Overflow);
        }
        self.set(value, 0);
        Ok(())
    }

    /// Initialises it, whatever it was. The caller must have exclusive access: all
    /// waiters are forgotten.
    pub(crate) fn set(&self, value: u32, mark: Mark) {
        self.kind.store(BETWEEN_PROCESSES, Relaxed);
        // Release: who takes it later sees what was stored before.
        self.data.store(u64::from(value) | marked(mark), Release);
    }

    /// Takes one, and waits for it without a bound. A signal does not end the wait.
    ///
    /// # Errors
    /// [`SemaphoreError::Os`]; nothing was taken.
    ///
    /// # Source
    /// sem_wait(3).
    pub fn wait(&self) -> Result<(), SemaphoreError> {
        self.take(0, None)
    }

    /// Takes one if there is one; says whether it did. It gives up, too, where
    /// others change the semaphore 10,000 times in between.
    ///
    /// # Errors
    /// None at present.
    ///
    /// # Source
    /// sem_trywait(3).
    pub fn try_wait(&self) -> Result<bool, SemaphoreError> {
        let mut data = self.data.load(Relaxed);
        for _ in 0..TRIES {
            if value_in(data) == 0 {
                return Ok(false);
            }
            match self.exchange(data, (data - 1) & !MARK) {
                Ok(()) => return Ok(true),
                Err(found) => data = found,
            }
        }
        Ok(false)
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
    /// sem_clockwait(3) on `CLOCK_MONOTONIC`.
    pub fn wait_until(&self, deadline: Deadline) -> Result<(), SemaphoreError> {
        self.take(0, Some(deadline))
    }

    /// Gives one back, and wakes a waiter if there is one.
    ///
    /// # Errors
    /// [`SemaphoreError::Overflow`]; nothing was given.
    ///
    /// # Source
    /// sem_post(3).
    pub fn post(&self) -> Result<(), SemaphoreError> {
        self.give(|_| true)
    }

    /// How many can be taken at this moment; already another in the next.
    ///
    /// # Source
    /// sem_getvalue(3), which on Linux is never negative.
    pub fn value(&self) -> u32 {
        // Acquire: who finds that it was given back sees what was stored before.
        value_in(self.data.load(Acquire))
    }

    /// Value and mark, as they are at one moment.
    pub(crate) fn state(&self) -> (u32, Mark) {
        // Acquire: as in `value`.
        let data = self.data.load(Acquire);
        (value_in(data), (data >> 56) as Mark)
    }

    /// Takes the one that a lock has, if it is there, and leaves `mark`; says
    /// whether it did. The error is a value that no lock has.
    pub(crate) fn try_lock(&self, mark: Mark) -> Result<bool, u32> {
        let data = self.data.load(Relaxed);
        match value_in(data) {
            0 => Ok(false),
            // Where somebody has come first, it is as if it had been held.
            1 => Ok(self.exchange(data, (data - 1) & !MARK | marked(mark)).is_ok()),
            value => Err(value),
        }
    }

    /// Takes one, leaves `mark`, and waits until `deadline` at most, if there is
    /// one.
    pub(crate) fn take(
        &self,
        mark: Mark,
        deadline: Option<Deadline>,
    ) -> Result<(), SemaphoreError> {
        let data = self.data.load(Relaxed);
        let taken = (data.wrapping_sub(1)) & !MARK | marked(mark);
        if value_in(data) > 0 && self.exchange(data, taken).is_ok() {
            return Ok(());
        }
        // From here on whoever gives one back wakes us.
        self.data.fetch_add(WAITER, Relaxed);
        let result = self.take_as_waiter(mark, deadline);
        if result.is_err() {
            self.data.fetch_sub(WAITER, Relaxed);
        }
        result
    }

    /// Sleeps until there is one, and takes it; gives up the place among the
    /// waiters in the same step.
    fn take_as_waiter(&self, mark: Mark, deadline: Option<Deadline>) -> Result<(), SemaphoreError> {
        let mut looks = 0_u64;
        let mut last = false;
        loop {
            let data = self.data.load(Relaxed);
            if value_in(data) > 0 {
                let taken = data.wrapping_sub(1 + WAITER) & !MARK | marked(mark);
                if self.exchange(data, taken).is_ok() {
                    return Ok(());
                }
            } else if last {
                return Err(SemaphoreError::TimedOut);
            } else {
                match futex::wait_for_more_than_zero(&self.data, deadline) {
                    Ok(Woken::LookAgain) => {}
                    // Once more: who gave one back may have died before it woke us.
                    Ok(Woken::TimedOut) => last = true,
                    Err(source) => return Err(SemaphoreError::Os { call: "futex", source }),
                }
            }
            looks += 1;
            // The kernel does not look at the clock where it finds another value.
            if looks.is_multiple_of(LOOKS) && deadline.is_some_and(Deadline::passed) {
                return Err(SemaphoreError::TimedOut);
            }
        }
    }

    /// Gives one back, and wakes a waiter if there is one. The mark that stands
    /// is removed where `clears` says so.
    pub(crate) fn give(&self, clears: impl Fn(Mark) -> bool) -> Result<(), SemaphoreError> {
        let mut data = self.data.load(Relaxed);
        for _ in 0..TRIES {
            if value_in(data) >= LARGEST {
                return Err(SemaphoreError::Overflow);
            }
            let kept = if clears((data >> 56) as Mark) { data & !MARK } else { data };
            // Release: who takes it sees what we have done.
            match self.data.compare_exchange(data, kept + 1, Release, Relaxed) {
                Ok(_) => return self.wake_after(kept),
                Err(found) => data = found,
            }
        }
        // Somebody writes without end. What was taken is given back all the same.
        let kept = self.data.fetch_add(1, Release);
        self.wake_after(kept)
    }

    fn wake_after(&self, data: u64) -> Result<(), SemaphoreError> {
        if data >= WAITER {
            futex::wake_one(&self.data);
        }
        Ok(())
    }

    fn exchange(&self, expected: u64, new: u64) -> Result<(), u64> {
        // Acquire: pairs with the Release of who gave it back. Relaxed could show
        // what it protects as it was before.
        self.data.compare_exchange(expected, new, Acquire, Relaxed).map(drop)
    }

    /// Whether this memory was made a semaphore: glibc's bytes are never all
    /// zero in one that is shared between processes.
    pub(crate) fn is_initialised(&self) -> bool {
        self.words().as_flattened().iter().any(|byte| *byte != 0)
    }

    /// Whether sem_init(3) has made it one between processes. C programs that
    /// use one of another kind wake nobody, or are ended by glibc.
    pub(crate) fn is_between_processes(&self) -> bool {
        self.kind.load(Relaxed) == BETWEEN_PROCESSES
    }

    /// Its bytes, as they are at this moment, word by word.
    pub(crate) fn words(&self) -> [[u8; 8]; 4] {
        let [pad, rest @ ..] = &self.rest;
        let pair = |first: &AtomicU32, second: &AtomicU32| {
            let (first, second) = (first.load(Relaxed), second.load(Relaxed));
            let mut bytes = [0; 8];
            bytes[..4].copy_from_slice(&first.to_ne_bytes());
            bytes[4..].copy_from_slice(&second.to_ne_bytes());
            bytes
        };
        let data = self.data.load(Relaxed).to_ne_bytes();
        [data, pair(&self.kind, pad), pair(&rest[0], &rest[1]), pair(&rest[2], &rest[3])]
    }

    /// Takes one, as [`wait`](Self::wait) does; the guard gives it back.
    ///
    /// # Errors
    /// Those of [`wait`](Self::wait).
    pub fn guard(&self) -> Result<SemaphoreGuard<'_>, SemaphoreError> {
        self.wait().map(|()| self.guarded(0))
    }

    /// Takes one if there is one; the guard gives it back.
    ///
    /// # Errors
    /// Those of [`try_wait`](Self::try_wait).
    pub fn try_guard(&self) -> Result<Option<SemaphoreGuard<'_>>, SemaphoreError> {
        // Not `then_some`: a guard made in vain would post when it is dropped.
        Ok(self.try_wait()?.then(|| self.guarded(0)))
    }

    /// Takes one, as [`wait_until`](Self::wait_until) does; the guard gives it back.
    ///
    /// # Errors
    /// Those of [`wait_until`](Self::wait_until).
    pub fn guard_until(&self, deadline: Deadline) -> Result<SemaphoreGuard<'_>, SemaphoreError> {
        self.wait_until(deadline).map(|()| self.guarded(0))
    }

    /// A guard for one that was taken, with this mark.
    pub(crate) fn guarded(&self, mark: Mark) -> SemaphoreGuard<'_> {
        SemaphoreGuard { semaphore: self, mark }
    }
}

// ANCHOR: guard
/// One taken from a [`Semaphore`], given back when this is dropped.
#[must_use = "the semaphore is posted as soon as this is dropped"]
pub struct SemaphoreGuard<'a> {
    semaphore: &'a Semaphore,
    mark: Mark,
}

impl Drop for SemaphoreGuard<'_> {
    fn drop(&mut self) {
        // It can fail only where a peer has posted two thousand million times
        // too often. Then nobody can wait in vain, and there is nobody to tell.
        let _ = self.semaphore.give(|mark| mark == self.mark);
    }
}
// ANCHOR_END: guard

#[cfg(test)]
mod tests;
