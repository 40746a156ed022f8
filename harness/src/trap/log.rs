//! The log of names: a few entries in shared memory, taken and freed by anybody.
//!
//! Idea: an entry is claimed by compare-and-swap, filled, and then declared
//! full. A writer that dies in between leaves an entry that is claimed and not
//! full: it had not yet made its name.
//! Limits: 64 names at a time, of 280 bytes each. One more, or a longer one, is
//! not logged, and the log says that it is incomplete.
// What writes it, the handler, knows x86-64 only.
#![cfg_attr(not(target_arch = "x86_64"), expect(dead_code))]

use std::sync::atomic::{
    AtomicU8, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

const ENTRIES: usize = 64;

/// `/dev/shm/`, a name of 255 bytes, and some.
const PATH_MAX: usize = 280;

const FREE: u32 = 0;
const CLAIMED: u32 = 1;
const FULL: u32 = 2;

crate::shared! {
    pub(super) struct NameLog {
        /// Not 0 when any entry was claimed since the last `take`.
        used: AtomicU32,
        /// Not 0 when a name was not logged.
        incomplete: AtomicU32,
        entries: [Entry; ENTRIES],
    }
}

crate::shared! {
    pub(super) struct Entry {
        state: AtomicU32,
        len: AtomicU32,
        path: [AtomicU8; PATH_MAX],
    }
}

impl NameLog {
    /// Logs that `path` is about to be made. Calls nothing but atomics.
    pub(super) fn add(&self, path: &[u8]) -> Option<&Entry> {
        self.used.store(1, Relaxed);
        // A name that is made again and again in a round needs one entry.
        if let Some(known) = self.entries.iter().find(|entry| entry.holds(path)) {
            return Some(known);
        }
        let entry = (path.len() <= PATH_MAX)
            .then(|| self.entries.iter().find(|entry| entry.claim()))
            .flatten();
        match entry {
            Some(entry) => entry.fill(path),
            None => self.set_incomplete(),
        }
        entry
    }

    /// Whether `path` is logged.
    pub(super) fn contains(&self, path: &[u8]) -> bool {
        self.entries.iter().any(|entry| entry.holds(path))
    }

    pub(super) fn set_incomplete(&self) {
        self.incomplete.store(1, Relaxed);
    }

    pub(super) fn is_complete(&self) -> bool {
        self.incomplete.load(Relaxed) == 0
    }

    /// Empties the log; returns the paths it held.
    pub(super) fn take(&self) -> Vec<String> {
        if self.used.swap(0, Relaxed) == 0 {
            return Vec::new();
        }
        let full = |entry: &Entry| {
            // Acquire: pairs with the Release in `fill`. Relaxed could show a
            // full entry without its path.
            let full = entry.state.load(Acquire) == FULL;
            let path = full.then(|| entry.path());
            entry.free();
            path
        };
        self.entries.iter().filter_map(full).collect()
    }
}

impl Entry {
    fn claim(&self) -> bool {
        self.state.compare_exchange(FREE, CLAIMED, Acquire, Relaxed).is_ok()
    }

    fn fill(&self, path: &[u8]) {
        for (to, from) in self.path.iter().zip(path) {
            to.store(*from, Relaxed);
        }
        self.len.store(path.len() as u32, Relaxed);
        // Release: pairs with the Acquire in `take` and `holds`.
        self.state.store(FULL, Release);
    }

    /// The name was not made after all.
    pub(super) fn free(&self) {
        self.state.store(FREE, Release);
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        let len = (self.len.load(Relaxed) as usize).min(PATH_MAX);
        self.path[..len].iter().map(|byte| byte.load(Relaxed))
    }

    fn holds(&self, path: &[u8]) -> bool {
        self.state.load(Acquire) == FULL && self.bytes().eq(path.iter().copied())
    }

    fn path(&self) -> String {
        let bytes: Vec<u8> = self.bytes().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    fn with_log(test: impl Fn(&NameLog)) {
        let memory = Memory::new(size_of::<NameLog>()).expect("a memfd");
        test(memory.map().expect("a mapping").as_shared());
    }

    #[test]
    fn log_gives_back_what_was_added_once() {
        with_log(|log| {
            assert!(log.add(b"/dev/shm/a").is_some());
            assert!(log.add(b"/dev/shm/b").is_some());
            assert!(log.add(b"/dev/shm/a").is_some());
            assert!(log.contains(b"/dev/shm/a") && !log.contains(b"/dev/shm/c"));
            assert_eq!(log.take(), ["/dev/shm/a", "/dev/shm/b"]);
            assert_eq!(log.take(), [""; 0]);
            assert!(log.is_complete());
        });
    }

    #[test]
    fn freed_entry_is_forgotten_and_used_again() {
        with_log(|log| {
            for _ in 0..2 * ENTRIES {
                log.add(b"/dev/shm/a").expect("room").free();
            }
            assert_eq!(log.take(), [""; 0]);
            assert!(log.is_complete());
        });
    }

    /// A writer that died between claim and fill.
    #[test]
    fn claimed_entry_is_no_name() {
        with_log(|log| {
            assert!(log.entries[0].claim());
            log.add(b"/dev/shm/a");
            assert_eq!(log.take(), ["/dev/shm/a"]);
        });
    }

    #[test]
    fn log_that_overflows_says_so() {
        with_log(|log| {
            for number in 0..ENTRIES {
                assert!(log.add(format!("/dev/shm/{number}").as_bytes()).is_some());
            }
            assert!(log.is_complete());
            assert!(log.add(b"/dev/shm/one more").is_none());
            assert!(!log.is_complete());
        });
    }

    #[test]
    fn path_too_long_to_log_is_said() {
        with_log(|log| {
            assert!(log.add(&[b'a'; PATH_MAX]).is_some());
            assert!(log.is_complete());
            assert!(log.add(&[b'a'; PATH_MAX + 1]).is_none());
            assert!(!log.is_complete());
        });
    }
}
