//! Segments: named shared memory, published complete.
//!
//! Idea: a segment is created without a name, filled, and then linked to its
//! name; whoever opens it finds it finished. It is mapped for as long as the
//! value lives; the name stays until it is unlinked.
//! Source: shm_overview(7), open(2) (`O_TMPFILE`), mmap(2).
//! What is opened must belong to this user, and to no other be open: whoever can
//! write to it can forge its contents, and cut it short.
//! Limits: nothing stops a peer from truncating the object, which makes the
//! next access beyond its new end a SIGBUS. Nobody of ours does.

use std::fs::{File, Metadata};
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::ptr::NonNull;

use nix::unistd::geteuid;

use crate::SegmentName;
use crate::layout::Layout;
use crate::sys::mapping::Mapping;
use crate::sys::object::{self, Draft};

/// How often [`Segment::create_or_open`] tries, when others create and unlink
/// the same name all the time.
const TRIES: u32 = 100;

/// A named object in shared memory, mapped read-write.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
/// use shmkv::{Segment, SegmentName};
///
/// let name = SegmentName::new(format!("/shmkv-doc-segment-{}", std::process::id()))?;
/// let segment = Segment::create(&name, 64)?;
/// let counter: &AtomicU32 = segment.at(0)?;
/// counter.store(7, Relaxed);
///
/// let same = Segment::open(&name, 64)?;
/// assert_eq!(same.at::<AtomicU32>(0)?.load(Relaxed), 7);
/// Segment::unlink(&name)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Segment {
    name: SegmentName,
    file: File,
    mapping: Mapping,
    length: usize,
    created: bool,
    /// Device and inode: what the name meant when it was opened.
    identity: (u64, u64),
}

/// Why a segment could not be created, opened, read or unlinked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// The name is taken. Nothing was made; open it instead.
    #[error("segment {name} exists already")]
    Exists {
        /// The segment's name.
        name: SegmentName,
    },
    /// Nothing has this name. Create it first.
    #[error("there is no segment {name}")]
    NotFound {
        /// The segment's name.
        name: SegmentName,
    },
    /// The object belongs to another user, or the directory does.
    #[error("permission to use segment {name} was denied")]
    PermissionDenied {
        /// The segment's name.
        name: SegmentName,
    },
    /// The object is another user's, who can forge and truncate it.
    /// [`OpenOptions::allow_owner`] accepts that.
    #[error(
        "segment {name} belongs to user {owner}, and this process runs as user {user}: its \
         owner can forge it and cut it short; allow owner {owner} if you trust that user"
    )]
    OtherOwner {
        /// The segment's name.
        name: SegmentName,
        /// Its owner.
        owner: u32,
        /// Whom this process runs as.
        user: u32,
    },
    /// The object's mode lets other users read or change it.
    /// [`OpenOptions::allow_owner`] accepts that.
    #[error(
        "segment {name} has mode {mode:04o}, and should have 0600: other users can use it; \
         change that with chmod 600 /dev/shm{name}, or allow its owner {owner}"
    )]
    OpenToOthers {
        /// The segment's name.
        name: SegmentName,
        /// Its permission bits.
        mode: u32,
        /// Its owner.
        owner: u32,
    },
    /// Truncated, not yet sized by its creator, or another program's.
    #[error("segment {name} holds {found} bytes; {needed} are needed")]
    TooShort {
        /// The segment's name.
        name: SegmentName,
        /// Its size in bytes.
        found: u64,
        /// The size asked for, in bytes.
        needed: usize,
    },
    /// A directory, a symbolic link, a socket, … has this name in `/dev/shm`.
    #[error("segment {name} is not a shared memory object but something else in /dev/shm")]
    NotAnObject {
        /// The segment's name.
        name: SegmentName,
    },
    /// Shared memory is full, or this process may not make so large a file.
    /// Nothing was made.
    #[error("there is no room for {needed} bytes of segment {name}: {source}")]
    NoRoom {
        /// The segment's name.
        name: SegmentName,
        /// The size asked for, in bytes.
        needed: usize,
        /// `ENOSPC`, `EFBIG` or `ENOMEM`.
        source: io::Error,
    },
    /// The name means another object than the one that is mapped.
    #[error("segment {name} was replaced by another object; it was not unlinked")]
    Replaced {
        /// The segment's name.
        name: SegmentName,
    },
    /// What was asked for does not lie in the segment, or not aligned.
    #[error(
        "{size} bytes at offset {offset} are outside segment {name} of {length} bytes, \
         or not aligned to {align}"
    )]
    Outside {
        /// The segment's name.
        name: SegmentName,
        /// Where, in bytes from the start.
        offset: usize,
        /// How many bytes.
        size: usize,
        /// The alignment they need.
        align: usize,
        /// The segment's length in bytes.
        length: usize,
    },
    /// `call` failed in a way we do not interpret.
    #[error("{call} failed for segment {name}: {source}")]
    Os {
        /// The system call.
        call: &'static str,
        /// The segment's name.
        name: SegmentName,
        /// Its errno.
        source: io::Error,
    },
}

/// Whose objects are opened: this user's, if nobody else can use them, and those
/// of a user that is trusted.
///
/// ```
/// use shmkv::{OpenOptions, SegmentName, Store};
///
/// let name = SegmentName::new(format!("/shmkv-doc-options-{}", std::process::id()))?;
/// Store::create(&name)?;
/// let trusting = OpenOptions::new().allow_owner(1000);
/// let store = Store::open_with(&name, trusting)?;
/// Store::unlink(&name)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenOptions {
    owner: Option<u32>,
}

impl OpenOptions {
    /// Only objects of this user, which no other user can read or change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Also objects of user `owner`, whatever that user lets others do with them.
    /// Whoever can write to an object can forge all that is in it, and end a process
    /// that uses it by cutting it short.
    #[must_use]
    pub fn allow_owner(self, owner: u32) -> Self {
        Self { owner: Some(owner) }
    }

    /// Refuses an object that this process, of user `user`, is not to trust.
    fn check(self, name: &SegmentName, found: &Metadata, user: u32) -> Result<(), SegmentError> {
        let (owner, mode) = (found.uid(), found.mode() & 0o7777);
        if self.owner == Some(owner) {
            return Ok(());
        }
        if owner != user {
            return Err(SegmentError::OtherOwner { name: name.clone(), owner, user });
        }
        if mode & 0o077 != 0 {
            return Err(SegmentError::OpenToOthers { name: name.clone(), mode, owner });
        }
        Ok(())
    }
}

impl Segment {
    /// Creates segment `name` of `length` zeroes, of mode 0600 whatever the
    /// umask. Memory is taken for all of it.
    ///
    /// # Errors
    /// - [`SegmentError::Exists`]: another was first; nothing was made;
    /// - [`SegmentError::NoRoom`], [`SegmentError::PermissionDenied`],
    ///   [`SegmentError::Os`]: nothing was made.
    ///
    /// # Panics
    /// When `length` is 0.
    pub fn create(name: &SegmentName, length: usize) -> Result<Self, SegmentError> {
        Self::create_with(name, length, |_| {})
    }

    /// As [`create`](Self::create), and `init` fills the segment before anybody
    /// else can open it.
    ///
    /// # Errors
    /// Those of [`create`](Self::create).
    ///
    /// # Panics
    /// When `length` is 0, or `init` panics; then nothing was made.
    pub fn create_with(
        name: &SegmentName,
        length: usize,
        init: impl FnOnce(&Self),
    ) -> Result<Self, SegmentError> {
        let wanted = NonZeroUsize::new(length).expect("a segment has at least one byte");
        let failed = |(call, error)| interpret(name, length, call, error);

        // ANCHOR: create-with
        let draft = Draft::new(length).map_err(failed)?;
        let file = draft.file().try_clone().map_err(|error| failed(("fcntl", error)))?;
        let mut segment = Self::map(name, file, wanted)?;
        segment.created = true;
        init(&segment);
        draft.publish(name.file_name()).map_err(failed)?;
        // ANCHOR_END: create-with
        Ok(segment)
    }

    /// Opens segment `name`, which must have at least `needed` bytes, and maps
    /// all that it has. It must be this user's, and no other's to use. Memory is
    /// taken for `needed` bytes, if its creator has not done so.
    ///
    /// # Errors
    /// - [`SegmentError::NotFound`], [`SegmentError::PermissionDenied`];
    /// - [`SegmentError::OtherOwner`], [`SegmentError::OpenToOthers`];
    /// - [`SegmentError::NoRoom`]: shared memory is full;
    /// - [`SegmentError::TooShort`]: found and needed;
    /// - [`SegmentError::NotAnObject`]: it is no regular file;
    /// - [`SegmentError::Os`].
    ///
    /// # Panics
    /// When `needed` is 0.
    pub fn open(name: &SegmentName, needed: usize) -> Result<Self, SegmentError> {
        Self::open_with(name, needed, OpenOptions::new())
    }

    /// As [`open`](Self::open), and `options` say whose objects are opened.
    ///
    /// # Errors
    /// Those of [`open`](Self::open).
    ///
    /// # Panics
    /// When `needed` is 0.
    pub fn open_with(
        name: &SegmentName,
        needed: usize,
        options: OpenOptions,
    ) -> Result<Self, SegmentError> {
        assert!(needed > 0, "a segment has at least one byte");
        let failed = |call| move |error| interpret(name, needed, call, error);
        let check = |found: &Metadata| {
            if !found.is_file() {
                return Err(SegmentError::NotAnObject { name: name.clone() });
            }
            options.check(name, found, geteuid().as_raw())
        };

        // Twice: an owner that is not trusted could make the opening of it wait,
        // and the name can mean another object by then.
        let path = object::path_of(name.file_name());
        // Where it fails, opening says why.
        path.symlink_metadata().map_or(Ok(()), |found| check(&found))?;
        let file = object::open(name.file_name()).map_err(failed("open"))?;
        let found = file.metadata().map_err(failed("fstat"))?;
        check(&found)?;
        match usize::try_from(found.len()).ok().and_then(NonZeroUsize::new) {
            Some(length) if length.get() >= needed => {
                object::fill_holes(&file, needed).map_err(failed("fallocate"))?;
                Self::map(name, file, length)
            }
            _ => Err(SegmentError::TooShort { name: name.clone(), found: found.len(), needed }),
        }
    }

    /// Opens segment `name`, or creates it as [`create_with`](Self::create_with)
    /// does where there is none. Of several that do so at once, exactly one
    /// creates; [`was_created`](Self::was_created) tells which.
    ///
    /// # Errors
    /// Those of both; [`SegmentError::Exists`] and [`SegmentError::NotFound`]
    /// only where others create and unlink it a hundred times meanwhile.
    ///
    /// # Panics
    /// As [`create_with`](Self::create_with).
    pub fn create_or_open(
        name: &SegmentName,
        length: usize,
        init: impl Fn(&Self),
    ) -> Result<Self, SegmentError> {
        Self::create_or_open_with(name, length, init, OpenOptions::new())
    }

    /// As [`create_or_open`](Self::create_or_open), and `options` say whose objects
    /// are opened.
    ///
    /// # Errors
    /// Those of [`create_or_open`](Self::create_or_open).
    ///
    /// # Panics
    /// As [`create_with`](Self::create_with).
    pub fn create_or_open_with(
        name: &SegmentName,
        length: usize,
        init: impl Fn(&Self),
        options: OpenOptions,
    ) -> Result<Self, SegmentError> {
        let mut last = SegmentError::NotFound { name: name.clone() };
        for _ in 0..TRIES {
            match Self::open_with(name, length, options) {
                Err(SegmentError::NotFound { .. }) => {}
                done => return done,
            }
            match Self::create_with(name, length, &init) {
                Err(error @ SegmentError::Exists { .. }) => last = error,
                done => return done,
            }
        }
        Err(last)
    }

    /// Removes the name. Those who have the object mapped keep it.
    ///
    /// # Errors
    /// [`SegmentError::NotFound`], [`SegmentError::PermissionDenied`],
    /// [`SegmentError::NotAnObject`], [`SegmentError::Os`].
    pub fn unlink(name: &SegmentName) -> Result<(), SegmentError> {
        object::unlink(name.file_name()).map_err(|error| interpret(name, 0, "unlink", error))
    }

    /// Whether the name still means this very object: it has been neither
    /// unlinked, nor given to another. Already history when this returns.
    ///
    /// # Errors
    /// [`SegmentError::PermissionDenied`], [`SegmentError::Os`].
    pub fn is_named(&self) -> Result<bool, SegmentError> {
        match object::path_of(self.name.file_name()).symlink_metadata() {
            Ok(found) => Ok((found.dev(), found.ino()) == self.identity),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(interpret(&self.name, 0, "lstat", error)),
        }
    }

    /// Device and inode of the object: another object has other ones.
    pub fn identity(&self) -> (u64, u64) {
        self.identity
    }

    /// Removes the name if it still means this very object, and not one that
    /// somebody has made since under the same name.
    ///
    /// # Errors
    /// [`SegmentError::Replaced`], and those of [`unlink`](Self::unlink).
    pub fn unlink_this(&self) -> Result<(), SegmentError> {
        let path = object::path_of(self.name.file_name());
        let found =
            path.symlink_metadata().map_err(|error| interpret(&self.name, 0, "lstat", error))?;
        if (found.dev(), found.ino()) != self.identity {
            return Err(SegmentError::Replaced { name: self.name.clone() });
        }
        Self::unlink(&self.name)
    }

    /// The name.
    pub fn name(&self) -> &SegmentName {
        &self.name
    }

    /// The object's length in bytes, when it was created or opened.
    pub fn length(&self) -> usize {
        self.length
    }

    /// How many bytes are mapped: the object's length, rounded up to whole pages.
    pub fn mapped_length(&self) -> usize {
        self.mapping.length()
    }

    /// Whether this value created the object, and did not open it.
    pub fn was_created(&self) -> bool {
        self.created
    }

    /// The `T` at `offset` bytes from the start.
    ///
    /// # Errors
    /// [`SegmentError::Outside`].
    pub fn at<T: Layout>(&self, offset: usize) -> Result<&T, SegmentError> {
        let fits = offset.checked_add(size_of::<T>()).is_some_and(|end| end <= self.length);
        let found = if fits { self.mapping.at(offset) } else { None };
        found.ok_or_else(|| SegmentError::Outside {
            name: self.name.clone(),
            offset,
            size: size_of::<T>(),
            align: align_of::<T>(),
            length: self.length,
        })
    }

    /// The `T` at `offset`, which may lie behind the object's end in its last
    /// page. What is stored there, all who map the object see on Linux; it is
    /// no part of the object, and POSIX promises nothing.
    pub(crate) fn in_last_page<T: Layout>(&self, offset: usize) -> Option<&T> {
        self.mapping.at(offset)
    }

    /// Gives away the mapping and the descriptor, for languages that keep both
    /// by hand: who takes them unmaps [`length`](Self::length) bytes from the
    /// address, which takes whole pages, and closes.
    pub fn into_raw(self) -> (NonNull<u8>, OwnedFd) {
        (self.mapping.leak(), self.file.into())
    }

    fn map(name: &SegmentName, file: File, length: NonZeroUsize) -> Result<Self, SegmentError> {
        let failed = |call| move |error| interpret(name, length.get(), call, error);
        let found = file.metadata().map_err(failed("fstat"))?;
        Ok(Self {
            name: name.clone(),
            mapping: Mapping::new(&file, length).map_err(failed("mmap"))?,
            file,
            length: length.get(),
            created: false,
            identity: (found.dev(), found.ino()),
        })
    }
}

impl AsFd for Segment {
    /// The object's descriptor, open for reading and writing, closed on exec.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// What a failed call means to who asked for `needed` bytes of `name`.
fn interpret(
    name: &SegmentName,
    needed: usize,
    call: &'static str,
    source: io::Error,
) -> SegmentError {
    let name = name.clone();
    match source.raw_os_error() {
        Some(libc::EEXIST) => SegmentError::Exists { name },
        Some(libc::ENOENT) => SegmentError::NotFound { name },
        Some(libc::EACCES | libc::EPERM) => SegmentError::PermissionDenied { name },
        Some(libc::EISDIR | libc::ELOOP | libc::ENXIO) => SegmentError::NotAnObject { name },
        Some(libc::ENOSPC | libc::EFBIG | libc::ENOMEM | libc::EDQUOT) => {
            SegmentError::NoRoom { name, needed, source }
        }
        _ => SegmentError::Os { call, name, source },
    }
}

#[cfg(test)]
mod tests;
