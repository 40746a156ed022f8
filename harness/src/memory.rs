//! Shared memory that scenarios run on: a nameless object, mapped between guard pages.
//!
//! Idea: a memfd has no name to leak, is inherited through `fork`, and can be
//! mapped any number of times, so that two mappings show the same bytes. It is
//! sealed against changes of its size: a process that goes wild cannot shrink it
//! and so cannot raise SIGBUS in the harness. An inaccessible page on each side
//! of a mapping ends a process that runs over its edge there and then.
//! Source: memfd_create(2), mmap(2), fcntl(2) on seals.
//! Limits: the mapping begins on a page, so a type may be aligned to a page at
//! most; an access beyond the type, within its last page, goes unnoticed.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};
use std::{ffi::c_void, num::NonZeroUsize};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, mmap_anonymous, munmap};
use nix::unistd::{SysconfVar, ftruncate, sysconf};

use crate::Shared;

/// The largest alignment of a type that fits at the start of any mapping, in bytes.
const PAGE_MIN: usize = 4096;

const WORD: usize = size_of::<u64>();

/// A shared memory object without a name. All bytes are zero at first.
#[derive(Debug)]
pub(crate) struct Memory {
    fd: OwnedFd,
    len: usize,
}

impl Memory {
    /// Makes an object of at least `len` bytes, rounded up to whole pages; one page at least.
    ///
    /// # Errors
    /// What memfd_create(2), ftruncate(2) or fcntl(2) said; nothing is left behind.
    pub(crate) fn new(len: usize) -> Result<Self, Errno> {
        let len = len.max(1).checked_next_multiple_of(page_size()?).ok_or(Errno::ENOMEM)?;
        let fd =
            memfd_create("shmkv-harness", MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING)?;
        ftruncate(&fd, i64::try_from(len).map_err(|_| Errno::EFBIG)?)?;
        let seals = SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SEAL;
        fcntl(&fd, FcntlArg::F_ADD_SEALS(seals))?;
        Ok(Self { fd, len })
    }

    /// Its size in bytes: whole pages.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.len
    }

    /// Maps all of it, readable and writable, with a guard page on each side.
    ///
    /// # Errors
    /// What mmap(2) said.
    pub(crate) fn map(&self) -> Result<Mapping, Errno> {
        let reserved = Reserved::new(self.len)?;
        let len = NonZeroUsize::new(self.len).ok_or(Errno::EINVAL)?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        let flags = MapFlags::MAP_SHARED | MapFlags::MAP_FIXED;
        let address = reserved.inner().addr();
        // SAFETY: MAP_FIXED replaces pages of `reserved` only: they are mapped,
        // `len` is what lies between its guards, and nobody uses them yet.
        unsafe { mmap(Some(address), len, protection, flags, &self.fd, 0) }?;
        Ok(Mapping { reserved })
    }
}

impl AsFd for Memory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Address space: `len` bytes between two guard pages. Unmapped when dropped.
#[derive(Debug)]
struct Reserved {
    start: NonNull<c_void>,
    page: usize,
    len: usize,
}

impl Reserved {
    fn new(len: usize) -> Result<Self, Errno> {
        let page = page_size()?;
        let whole = len.checked_add(2 * page).and_then(NonZeroUsize::new).ok_or(Errno::ENOMEM)?;
        // SAFETY: a new private mapping at an address that the kernel chooses
        // touches nothing that is mapped already.
        let start =
            unsafe { mmap_anonymous(None, whole, ProtFlags::PROT_NONE, MapFlags::MAP_PRIVATE) }?;
        Ok(Self { start, page, len })
    }

    /// The first byte between the guards.
    fn inner(&self) -> NonNull<u8> {
        // SAFETY: the reservation holds `len` bytes and two pages, so one page
        // from its start is within it.
        unsafe { self.start.cast::<u8>().add(self.page) }
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        // SAFETY: this range was mapped by `new` and belongs to this value; what
        // was lent from it borrowed the value.
        let unmapped = unsafe { munmap(self.start, self.len + 2 * self.page) };
        debug_assert_eq!(unmapped, Ok(()), "a mapping that is ours can be unmapped");
    }
}

/// A view of a [`Memory`] in this process and, after `fork`, in its children.
///
/// It keeps working when the `Memory` is dropped.
#[derive(Debug)]
pub(crate) struct Mapping {
    reserved: Reserved,
}

// SAFETY: what is mapped stays mapped, whichever thread holds the value, and is
// touched through atomics and `Shared` types only, which threads may share.
unsafe impl Send for Mapping {}
// SAFETY: as for `Send`.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// The first byte.
    pub(crate) fn base(&self) -> NonNull<u8> {
        self.reserved.inner()
    }

    /// Its size in bytes, guards not counted: whole pages.
    pub(crate) fn len(&self) -> usize {
        self.reserved.len
    }

    /// The shared state at its start.
    ///
    /// # Panics
    /// Where `T` is larger than the mapping.
    pub(crate) fn as_shared<T: Shared>(&self) -> &T {
        const { assert!(align_of::<T>() <= PAGE_MIN, "aligned to more than a page") };
        assert!(
            size_of::<T>() <= self.len(),
            "the shared state takes {} bytes; the mapping has {}",
            size_of::<T>(),
            self.len()
        );
        // SAFETY:
        // - bounds and alignment: asserted above, and a mapping begins on a page;
        // - validity: every bit pattern is a valid `Shared`;
        // - aliasing: a `Shared` changes behind shared references only, and no
        //   `&mut` into a mapping is ever made;
        // - lifetime: the borrow holds `self`, which alone unmaps;
        // - peers: the object is sealed, so none can truncate it.
        unsafe { self.base().cast::<T>().as_ref() }
    }

    /// Overwrites its first `bytes.len()` bytes.
    ///
    /// # Panics
    /// Where it has fewer.
    pub(crate) fn copy_from(&self, bytes: &[u8]) {
        assert!(bytes.len() <= self.len(), "{} bytes into {}", bytes.len(), self.len());
        let whole = bytes.len() / WORD;
        let (words, tail) = bytes.split_at(whole * WORD);
        // Relaxed: whoever may touch the bytes at the same time is ordered
        // against this copy by the futex that starts or ends a run, or is
        // racing and gets what it deserves.
        for (to, from) in self.words()[..whole].iter().zip(words.chunks_exact(WORD)) {
            let mut word = [0; WORD];
            word.copy_from_slice(from);
            to.store(u64::from_ne_bytes(word), Relaxed);
        }
        for (to, from) in self.bytes()[whole * WORD..].iter().zip(tail) {
            to.store(*from, Relaxed);
        }
    }

    /// A copy of its first `len` bytes.
    ///
    /// # Panics
    /// Where it has fewer.
    pub(crate) fn to_vec(&self, len: usize) -> Vec<u8> {
        assert!(len <= self.len(), "{len} bytes of {}", self.len());
        let whole = len / WORD;
        let mut copy = Vec::with_capacity(len);
        // Relaxed: as in `copy_from`.
        for word in &self.words()[..whole] {
            copy.extend_from_slice(&word.load(Relaxed).to_ne_bytes());
        }
        copy.extend(self.bytes()[whole * WORD..len].iter().map(|byte| byte.load(Relaxed)));
        copy
    }

    fn words(&self) -> &[AtomicU64] {
        let first = self.base().cast::<AtomicU64>();
        // SAFETY: whole pages are a whole number of aligned words, valid for all
        // bits; atomics may change behind the reference; the borrow holds `self`.
        unsafe { NonNull::slice_from_raw_parts(first, self.len() / WORD).as_ref() }
    }

    fn bytes(&self) -> &[AtomicU8] {
        let first = self.base().cast::<AtomicU8>();
        // SAFETY: as for `words`.
        unsafe { NonNull::slice_from_raw_parts(first, self.len()).as_ref() }
    }
}

fn page_size() -> Result<usize, Errno> {
    let page = sysconf(SysconfVar::PAGE_SIZE)?.ok_or(Errno::ENOSYS)?;
    usize::try_from(page).map_err(|_| Errno::ENOSYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mapped(len: usize) -> (Memory, Mapping) {
        let memory = Memory::new(len).expect("a memfd");
        let mapping = memory.map().expect("a mapping");
        (memory, mapping)
    }

    #[test]
    fn memory_is_rounded_up_to_pages_and_zero() {
        let page = page_size().expect("a page size");
        for (asked, made) in [(0, page), (1, page), (page, page), (page + 1, 2 * page)] {
            let (memory, mapping) = mapped(asked);
            assert_eq!((memory.len(), mapping.len()), (made, made), "{asked} bytes asked for");
            assert!(mapping.to_vec(made).iter().all(|byte| *byte == 0));
        }
    }

    #[test]
    fn second_mapping_shows_what_the_first_wrote() {
        let (memory, first) = mapped(8);
        let second = memory.map().expect("a second mapping");
        assert_ne!(first.base(), second.base());

        first.as_shared::<AtomicU64>().store(7, Relaxed);
        assert_eq!(second.as_shared::<AtomicU64>().load(Relaxed), 7);
    }

    #[test]
    fn mapping_outlives_its_memory() {
        let (memory, mapping) = mapped(8);
        drop(memory);
        mapping.as_shared::<AtomicU64>().store(7, Relaxed);
        assert_eq!(mapping.to_vec(8), 7u64.to_ne_bytes());
    }

    /// Lengths around a word: the words and the rest are copied by different loops.
    #[test]
    fn copies_keep_every_byte_and_touch_no_other() {
        for len in [0, 1, 7, 8, 9, 16, 23] {
            let (_memory, mapping) = mapped(64);
            mapping.copy_from(&[0xff; 64]);
            let bytes: Vec<u8> = (1..=len).collect();
            mapping.copy_from(&bytes);
            assert_eq!(mapping.to_vec(usize::from(len)), bytes);
            assert!(mapping.to_vec(64)[usize::from(len)..].iter().all(|byte| *byte == 0xff));
        }
    }

    #[test]
    fn memory_cannot_be_resized() {
        let (memory, _mapping) = mapped(8);
        assert_eq!(ftruncate(&memory, 0), Err(Errno::EPERM));
        assert_eq!(ftruncate(&memory, 1 << 20), Err(Errno::EPERM));
    }

    #[test]
    fn guard_pages_lie_on_both_sides() {
        let (_memory, mapping) = mapped(8);
        let maps = std::fs::read_to_string("/proc/self/maps").expect("the list of mappings");
        let base = mapping.base().addr().get();
        let before = maps.lines().find(|line| line.contains(&format!("-{base:x} ")));
        let after =
            maps.lines().find(|line| line.starts_with(&format!("{:x}-", base + mapping.len())));
        for guard in [before, after] {
            assert!(guard.is_some_and(|line| line.contains(" ---p ")), "{guard:?} in\n{maps}");
        }
    }

    #[test]
    #[should_panic(expected = "takes 8192 bytes; the mapping has 4096")]
    fn type_larger_than_the_mapping_panics() {
        mapped(8).1.as_shared::<[AtomicU64; 1024]>();
    }
}
