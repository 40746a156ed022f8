//! What our processes keep behind a table, in the rest of its last page.
//!
//! Idea: the table's layout is that of C programs, and has no room for more. The
//! page that it lies in has, and all who map it see it, on Linux.
//! Limits: C programs neither write nor heed it. POSIX promises nothing of these
//! bytes: where they are lost, a change is noticed after a bounded sleep, and an
//! owner's death is not told.

use std::mem::offset_of;
use std::sync::atomic::{AtomicU32, AtomicU64};

use super::{Table, Undo};

/// How many processes can be told apart.
pub(crate) const MEMBERS: usize = 29;

/// The words behind a table.
///
/// | offset | size | field       | written by   | rule                                  |
/// |-------:|-----:|-------------|--------------|---------------------------------------|
/// |      0 |    4 | `awaited`   | who waits    | the version that sleepers want gone   |
/// |      4 |    4 | `reserved`  | nobody       | zero                                  |
/// |      8 |  280 | `undo`      | owner        | a slot's old contents, while it changes |
/// |    288 |    8 | `namespace` | the first    | in which all members' numbers are good |
/// |    296 |  464 | `members`   | each its own | who uses the table                    |
#[repr(C)]
pub struct Trailer {
    pub(crate) awaited: AtomicU32,
    reserved: AtomicU32,
    pub(crate) undo: Undo,
    pub(crate) namespace: AtomicU64,
    pub(crate) members: [Member; MEMBERS],
}

/// One process that uses the table, or did.
///
/// | offset | size | field      | written by       | rule                             |
/// |-------:|-----:|------------|------------------|----------------------------------|
/// |      0 |    8 | `identity` | the process      | 0: free; else who it is          |
/// |      8 |    8 | `name`     | the process      | the first bytes of its name      |
///
/// The place of a dead process is taken over by compare-exchange: by one that
/// recovers the table, or, where the dead one does not hold the lock, by one that
/// looks for a place.
#[repr(C)]
pub(crate) struct Member {
    pub(crate) identity: AtomicU64,
    pub(crate) name: AtomicU64,
}

impl Trailer {
    /// Where it lies, in bytes from the table's start.
    pub(crate) const OFFSET: usize = size_of::<Table>();

    /// The words behind `table`, of which `mapped` bytes from its start are
    /// mapped; `None` where they do not reach so far.
    ///
    /// # Safety
    /// So many bytes are mapped for as long as the table, and nothing but a
    /// [`Trailer`] lies behind it.
    pub unsafe fn behind(table: &Table, mapped: usize) -> Option<&Self> {
        if mapped < Self::OFFSET + size_of::<Self>() {
            return None;
        }
        let behind = std::ptr::from_ref(table).wrapping_add(1).cast::<Self>();
        // SAFETY:
        // - bounds: just checked, by the caller's promise;
        // - alignment: a table's size is a multiple of 8, as asserted below;
        // - validity, aliasing: all fields are atomics;
        // - lifetime: that of the table, which is mapped with it.
        Some(unsafe { &*behind })
    }
}

const _: () = {
    assert!(Trailer::OFFSET.is_multiple_of(align_of::<Trailer>()));
    assert!(offset_of!(Trailer, undo) == 8);
    assert!(offset_of!(Trailer, namespace) == 288);
    assert!(offset_of!(Trailer, members) == 296);
    assert!(size_of::<Trailer>() == 760);
    assert!(offset_of!(Member, name) == 8);
    assert!(Trailer::OFFSET + size_of::<Trailer>() <= 4096);
};
