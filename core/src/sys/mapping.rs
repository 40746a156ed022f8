//! A view of a shared object in this process's memory.
//!
//! Idea: the mapping is raw memory; what lies in it is seen only through
//! references to [`Layout`] types, which it checks for bounds and alignment.
//! Source: mmap(2), `MAP_SHARED`.
//! Limits: a peer that truncates the object makes the next access a SIGBUS.

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use nix::unistd::{SysconfVar, sysconf};

use crate::layout::Layout;

/// Whole pages of a shared object, unmapped on drop.
pub(crate) struct Mapping {
    base: NonNull<u8>,
    /// In bytes, a multiple of the page size.
    length: NonZeroUsize,
}

// SAFETY: the memory belongs to the process, not to a thread, and is reached
// only through `Layout` types, which are `Sync`.
unsafe impl Send for Mapping {}
// SAFETY: as for `Send`.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps the first `length` bytes of `file`, which must have so many, and
    /// the rest of the last page.
    pub(crate) fn new(file: &File, length: NonZeroUsize) -> io::Result<Self> {
        let length = length
            .get()
            .checked_next_multiple_of(page_size())
            .and_then(NonZeroUsize::new)
            .ok_or_else(|| io::Error::from(io::ErrorKind::OutOfMemory))?;
        let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
        // SAFETY: the kernel chooses the address, so no other memory of ours
        // is replaced. Accesses are checked where references are made.
        let base = unsafe { mmap(None, length, protection, MapFlags::MAP_SHARED, file, 0) }?;
        Ok(Self { base: base.cast(), length })
    }

    /// Its length in bytes.
    pub(crate) fn length(&self) -> usize {
        self.length.get()
    }

    /// The `T` at `offset`; `None` where it would not lie in these pages, or
    /// not at a multiple of its alignment.
    pub(crate) fn at<T: Layout>(&self, offset: usize) -> Option<&T> {
        let end = offset.checked_add(size_of::<T>())?;
        if end > self.length.get() || !offset.is_multiple_of(align_of::<T>()) {
            return None;
        }
        // SAFETY: `offset` is within the mapping, as was just checked.
        let address = unsafe { self.base.add(offset) }.cast::<T>();
        // SAFETY:
        // - bounds and alignment: checked above; pages are aligned to more
        //   than any `Layout` type, which `page_size` asserts;
        // - validity, aliasing: what `Layout` promises;
        // - lifetime: only `Drop` unmaps, and the borrow holds `self`;
        // - peers: none truncates the object.
        Some(unsafe { address.as_ref() })
    }
}

impl Mapping {
    /// Gives the pages away: they stay mapped until who takes them unmaps them.
    pub(crate) fn leak(self) -> NonNull<u8> {
        ManuallyDrop::new(self).base
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: these pages were mapped by `new` and are unmapped once; the
        // borrow checker has ended all references into them.
        let unmapped = unsafe { munmap(self.base.cast(), self.length.get()) };
        debug_assert!(unmapped.is_ok(), "munmap of our own pages: {unmapped:?}");
    }
}

/// The size of a page in bytes.
pub(crate) fn page_size() -> usize {
    let size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    size.and_then(|bytes| usize::try_from(bytes).ok()).expect("Linux tells its page size")
}
