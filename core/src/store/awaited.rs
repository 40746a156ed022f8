//! Who waits for a change, told without a system call.
//!
//! Idea: a word beside the table holds the version that sleepers want to see
//! gone. Who changes the table from another version has nobody to wake, and
//! saves a system call. A waiter that dies leaves one needless wake-up behind.
//!
//! Two rules make it sound. A waiter that is late must not write over the word
//! of one for a later version: it looks at the version after it has read the
//! word, and stores by compare-exchange. A waiter that replaces an older version
//! wakes those who slept on it: their waker may find the word replaced.
//! Source: futex(2); the store-then-look on both sides is Dekker's.
//! Limits: a waiter killed between its two steps, and versions 2³² apart, leave
//! a sleeper to its own bounded sleep.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::SeqCst;

use crate::sys::futex;

/// Announces that somebody is about to sleep while `version` is `seen`. Does
/// nothing when it is another already.
pub(super) fn announce(awaited: &AtomicU32, version: &AtomicU32, seen: u32) {
    // SeqCst, here and below: pairs with the version's store in `bump_version`
    // and the load in `is_awaited`. Either the changing process sees our
    // announcement, or the kernel sees its version and does not let us sleep.
    let mut announced = awaited.load(SeqCst);
    while announced != seen && version.load(SeqCst) == seen {
        match awaited.compare_exchange(announced, seen, SeqCst, SeqCst) {
            Ok(_) => return futex::wake_all(version),
            Err(found) => announced = found,
        }
    }
}

/// Whether somebody may sleep on version `old`, which has just been replaced.
pub(super) fn is_awaited(awaited: &AtomicU32, old: u32) -> bool {
    awaited.load(SeqCst) == old
}
