//! The mappings that this library has made, and what belongs to each.
//!
//! Idea: lists that only grow, one for each of 512 ranges of addresses. A node is
//! free while its address is 0; adding takes the first free one of its list,
//! removing frees it again. Nobody ever waits, so a child forked by a program of
//! many threads can use the lists as it finds them.
//! Limits: as many nodes stay allocated as there were mappings at one time.

use std::ptr::null_mut;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize};

use shmkv::DEFAULT_LOCK_TIMEOUT;

const DEFAULT_MS: u32 = DEFAULT_LOCK_TIMEOUT.as_millis() as u32;

/// One mapping, or room for one.
pub(crate) struct Mapping {
    /// Where it is mapped; 0: free.
    address: AtomicUsize,
    /// How many bytes are mapped there.
    length: AtomicUsize,
    /// How long functions wait for the table's lock. The default while free.
    pub(crate) lock_timeout_ms: AtomicU32,
    /// The rest of the list. What it once points to stays for ever.
    next: AtomicPtr<Mapping>,
}

/// How many lists there are.
const LISTS: usize = 512;

static FIRST: [Mapping; LISTS] = [const { Mapping::free() }; LISTS];

/// The list of an address. Mappings lie side by side, and start at pages.
fn list(address: usize) -> &'static Mapping {
    &FIRST[(address >> 12) % LISTS]
}

/// Remembers that the library has mapped a table at `address`, and `length` bytes.
pub(crate) fn add(address: usize, length: usize) {
    list(address).add(address, length);
}

/// Forgets the mapping at `address`, if it is one of ours.
pub(crate) fn remove(address: usize) {
    list(address).remove(address);
}

/// The mapping at `address`, if it is one of ours.
pub(crate) fn find(address: usize) -> Option<&'static Mapping> {
    list(address).find(address)
}

impl Mapping {
    const fn free() -> Self {
        Self {
            address: AtomicUsize::new(0),
            length: AtomicUsize::new(0),
            lock_timeout_ms: AtomicU32::new(DEFAULT_MS),
            next: AtomicPtr::new(null_mut()),
        }
    }

    /// How many bytes are mapped.
    pub(crate) fn length(&self) -> usize {
        // Relaxed: as in `find`.
        self.length.load(Relaxed)
    }

    fn add(&self, address: usize, length: usize) {
        // Somebody may have unmapped it by other means.
        self.remove(address);
        let mut node = self;
        // Acquire: pairs with the Release in `remove`. Relaxed could let the
        // last user's timeout come after ours.
        while node.address.compare_exchange(0, address, Acquire, Relaxed).is_err() {
            node = node.next_or_new();
        }
        // Relaxed: nobody asks for the address before the caller gives it away.
        node.length.store(length, Relaxed);
    }

    fn remove(&self, address: usize) {
        if let Some(node) = self.find(address) {
            node.lock_timeout_ms.store(DEFAULT_MS, Relaxed);
            // Release: pairs with the Acquire in `add`.
            node.address.store(0, Release);
        }
    }

    fn find(&self, address: usize) -> Option<&Self> {
        let mut node = Some(self);
        // Relaxed: who asks for an address has got it from who added it.
        while let Some(found) = node.filter(|node| node.address.load(Relaxed) != address) {
            node = found.next();
        }
        node
    }

    fn next(&self) -> Option<&Self> {
        // Acquire: pairs with the Release in `next_or_new`. Relaxed could show
        // a node before its contents.
        let next = self.next.load(Acquire);
        // SAFETY: null, or from `Box::into_raw` in `next_or_new`, and never
        // freed; its fields are atomics.
        unsafe { next.as_ref() }
    }

    fn next_or_new(&self) -> &Self {
        if let Some(next) = self.next() {
            return next;
        }
        let new = Box::into_raw(Box::new(Self::free()));
        match self.next.compare_exchange(null_mut(), new, AcqRel, Acquire) {
            // SAFETY: it was just made, and from now on it is never freed.
            Ok(_) => unsafe { &*new },
            Err(other) => {
                // SAFETY: nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                // SAFETY: as in `next`; it is not null, or we had not lost.
                unsafe { &*other }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_list() -> &'static Mapping {
        Box::leak(Box::new(Mapping::free()))
    }

    fn nodes(list: &Mapping) -> usize {
        std::iter::successors(Some(list), |node| node.next()).count()
    }

    #[test]
    fn mapping_is_found_until_it_is_removed() {
        let list = a_list();
        list.add(0x1000, 0x1000);
        list.add(0x2000, 0x1000);
        assert!(list.find(0x1000).is_some() && list.find(0x2000).is_some());
        list.remove(0x1000);
        assert!(list.find(0x1000).is_none() && list.find(0x2000).is_some());
        list.remove(0x1000);
    }

    #[test]
    fn node_is_used_again_with_the_default_timeout() {
        let list = a_list();
        list.add(0x1000, 0x1000);
        list.find(0x1000).unwrap().lock_timeout_ms.store(7, Relaxed);
        list.remove(0x1000);
        list.add(0x3000, 0x1000);
        assert_eq!(list.find(0x3000).unwrap().lock_timeout_ms.load(Relaxed), 5000);
        assert_eq!(nodes(list), 1);
    }

    /// Schedule: four threads add and remove 1,000 mappings each.
    /// Forbidden: one that is lost, or more nodes than there were mappings.
    #[test]
    fn threads_do_not_lose_each_others_mappings() {
        let list = a_list();
        let work = |thread: usize| {
            for number in 1..=1000 {
                let address = thread * 10_000 + number;
                list.add(address, 0x1000);
                assert!(list.find(address).is_some());
                list.remove(address);
            }
        };
        std::thread::scope(|scope| {
            for thread in 1..=4 {
                scope.spawn(move || work(thread));
            }
        });
        assert!(nodes(list) <= 4, "{} nodes", nodes(list));
    }
}
