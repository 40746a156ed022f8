//! Shared memory objects: the files of `/dev/shm`.
//!
//! Idea: an object is made without a name, sized and filled, and then linked
//! to its name. Whoever can open it finds it complete, and of two creators the
//! kernel lets one win. `shm_open(O_CREAT | O_EXCL)` followed by `ftruncate`
//! shows the world an empty object in between.
//! Source: shm_overview(7) for the place, open(2) for `O_TMPFILE` and its
//! `linkat`, posix_fallocate(3), rename(2) for `RENAME_NOREPLACE`.
//! Limits: where a nameless file cannot be made or linked, it has a temporary
//! name; a process killed in between leaves a file `.shmkv-…` behind.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::fcntl::{
    AT_FDCWD, AtFlags, FallocateFlags, RenameFlags, fallocate, posix_fallocate, renameat2,
};
use nix::sys::resource::{Resource, getrlimit};
use nix::unistd::linkat;

/// Where glibc keeps shared memory objects.
pub(crate) const DIRECTORY: &str = "/dev/shm";

/// Owner only, whatever the umask.
const MODE: u32 = 0o600;

/// Temporary names that are tried before giving up.
const NAME_TRIES: u32 = 100;

/// The file of the object called `file_name`.
pub(crate) fn path_of(file_name: &str) -> PathBuf {
    Path::new(DIRECTORY).join(file_name)
}

/// Opens an existing object for reading and writing.
pub(crate) fn open(file_name: &str) -> io::Result<File> {
    // As shm_open: no symbolic links, and no waiting should it be a FIFO.
    let path = path_of(file_name);
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    match options.open(&path) {
        // Somebody recovers it, and has a lease on it (`lease.rs`). The kernel
        // lets nobody wait for that longer than its lease-break-time.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            options.custom_flags(libc::O_NOFOLLOW).open(&path)
        }
        opened => opened,
    }
}

/// Takes memory for the first `length` bytes of an object, which has so many. One
/// that was only sized has holes, and where memory is full the first access to a
/// hole raises SIGBUS.
pub(crate) fn fill_holes(file: &File, length: usize) -> io::Result<()> {
    let length = libc::off_t::try_from(length).map_err(|_| Errno::EFBIG)?;
    loop {
        // The size is kept: somebody may have made it less just now.
        match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, 0, length) {
            Err(Errno::EINTR) => {}
            // Not on this file system; then there are no holes that we could fill.
            Ok(()) | Err(Errno::EOPNOTSUPP | Errno::ENOSYS) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Removes an object's name; the object lives on while it is mapped.
pub(crate) fn unlink(file_name: &str) -> io::Result<()> {
    fs::remove_file(path_of(file_name))
}

/// An object that has no name yet, or a temporary one.
pub(crate) struct Draft {
    file: File,
    temporary: Option<PathBuf>,
}

impl Draft {
    /// An object of `length` zeroes, with memory for all of them.
    pub(crate) fn new(length: usize) -> Result<Self, (&'static str, io::Error)> {
        let draft = Self::nameless().or_else(|_| Self::temporary())?;
        draft.reserve(length)?;
        Ok(draft)
    }

    /// The object, to be mapped and filled.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    fn nameless() -> Result<Self, (&'static str, io::Error)> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .mode(MODE)
            .custom_flags(libc::O_TMPFILE)
            .open(DIRECTORY)
            .map_err(|error| ("open", error))?;
        // Without /proc it could not be linked later.
        fs::metadata(descriptor_path(&file)).map_err(|error| ("stat", error))?;
        Ok(Self { file, temporary: None })
    }

    fn temporary() -> Result<Self, (&'static str, io::Error)> {
        static COUNTER: AtomicU32 = AtomicU32::new(0);
        let names = (0..NAME_TRIES).map(|_| {
            // Relaxed: only the numbers must differ.
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            path_of(&format!(".shmkv-{}-{number}", process::id()))
        });
        Self::first_unused(names).map_err(|error| ("open", error))
    }

    /// A draft under the first of `paths` that is not taken. One may be, by
    /// what a killed process left that had our process id.
    fn first_unused(paths: impl Iterator<Item = PathBuf>) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(MODE);
        for path in paths {
            match options.open(&path) {
                Ok(file) => return Ok(Self { file, temporary: Some(path) }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    /// Sets mode and size, and takes memory for the whole size: on a tmpfs that
    /// is full a mere `ftruncate` succeeds, and the first store raises SIGBUS.
    fn reserve(&self, length: usize) -> Result<(), (&'static str, io::Error)> {
        self.file
            .set_permissions(Permissions::from_mode(MODE))
            .map_err(|error| ("fchmod", error))?;
        // Past this limit the kernel would send SIGXFSZ.
        let (limit, _) =
            getrlimit(Resource::RLIMIT_FSIZE).map_err(|errno| ("getrlimit", errno.into()))?;
        if length as u64 > limit {
            return Err(("posix_fallocate", Errno::EFBIG.into()));
        }
        let size =
            libc::off_t::try_from(length).map_err(|_| ("posix_fallocate", Errno::EFBIG.into()))?;
        loop {
            match posix_fallocate(&self.file, 0, size) {
                Ok(()) => return Ok(()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(("posix_fallocate", errno.into())),
            }
        }
    }

    /// Gives it its name. Fails with `EEXIST` where the name is taken, and then
    /// the object is gone.
    pub(crate) fn publish(mut self, file_name: &str) -> Result<(), (&'static str, io::Error)> {
        let target = path_of(file_name);
        match self.temporary.take() {
            None => {
                let source = descriptor_path(&self.file);
                let follow = AtFlags::AT_SYMLINK_FOLLOW;
                linkat(AT_FDCWD, &source, AT_FDCWD, &target, follow)
                    .map_err(|errno| ("linkat", errno.into()))
            }
            Some(source) => {
                let flags = RenameFlags::RENAME_NOREPLACE;
                let renamed = renameat2(AT_FDCWD, &source, AT_FDCWD, &target, flags);
                renamed.map_err(|errno| {
                    self.temporary = Some(source);
                    ("renameat2", errno.into())
                })
            }
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some(path) = &self.temporary {
            // Nobody else knows the name; if it is gone already, all is well.
            let _ = fs::remove_file(path);
        }
    }
}

/// A path that leads to an open file, with a name or without.
fn descriptor_path(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::TestName;
    use rstest::rstest;

    fn fails_with(result: Result<(), (&'static str, io::Error)>, errno: i32) {
        assert_eq!(result.unwrap_err().1.raw_os_error(), Some(errno));
    }

    #[test]
    fn nameless_drafts_are_possible_here() {
        assert!(Draft::nameless().unwrap().temporary.is_none());
    }

    #[rstest]
    #[case::nameless(Draft::nameless)]
    #[case::temporary(Draft::temporary)]
    fn draft_is_published_once(#[case] make: fn() -> Result<Draft, (&'static str, io::Error)>) {
        let name = TestName::new("draft");
        let (first, second) = (make().unwrap(), make().unwrap());
        let temporary = [first.temporary.clone(), second.temporary.clone()];
        first.reserve(100).unwrap();

        assert!(open(name.file_name()).is_err());
        first.publish(name.file_name()).unwrap();
        fails_with(second.publish(name.file_name()), libc::EEXIST);

        let published = open(name.file_name()).unwrap().metadata().unwrap();
        assert_eq!((published.len(), published.permissions().mode() & 0o777), (100, 0o600));
        assert!(temporary.into_iter().flatten().all(|path| !path.exists()));
    }

    #[test]
    fn dropped_draft_leaves_nothing() {
        let draft = Draft::temporary().unwrap();
        let path = draft.temporary.clone().unwrap();
        assert!(path.exists());
        drop(draft);
        assert!(!path.exists());
    }

    #[test]
    fn temporary_name_that_is_taken_is_passed_over() {
        let name = TestName::new("taken");
        let free = path_of(&format!("{}-free", name.file_name()));
        let taken = path_of(name.file_name());
        File::create(&taken).unwrap();

        let draft = Draft::first_unused([taken.clone(), free.clone()].into_iter()).unwrap();
        assert_eq!(draft.temporary.as_ref(), Some(&free));
        assert!(Draft::first_unused([taken, free].into_iter()).is_err());
    }
}
