//! Having a file to oneself, as far as the kernel knows.
//!
//! Idea: a write lease is granted only on a file that nobody else has open, in
//! any process, container or namespace; and who has it mapped has it open. While
//! it is held, whoever opens the file waits.
//! Source: fcntl(2), "Leases"; the kernel's fs/locks.c, `check_conflicting_open`.
//! Limits: only the file's owner gets one, or who has CAP_LEASE. The kernel takes
//! it away when somebody has waited for /proc/sys/fs/lease-break-time seconds.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Which signal tells that somebody waits. Not in the libc crate.
/// <asm-generic/fcntl.h>.
const F_SETSIG: libc::c_int = 10;

/// A write lease, given back on drop.
pub(crate) struct Lease<'a>(BorrowedFd<'a>);

impl<'a> Lease<'a> {
    /// Takes the lease; `None` where somebody else has the file open.
    pub(crate) fn take(file: BorrowedFd<'a>) -> io::Result<Option<Self>> {
        // The signal that is sent when somebody waits would end the process;
        // this one is ignored unless somebody asked for it.
        control(file, F_SETSIG, libc::SIGURG)?;
        match control(file, libc::F_SETLEASE, libc::F_WRLCK) {
            Ok(()) => Ok(Some(Self(file))),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        // It fails where the kernel has taken the lease away already.
        let _ = control(self.0, libc::F_SETLEASE, libc::F_UNLCK);
    }
}

fn control(file: BorrowedFd<'_>, command: libc::c_int, argument: libc::c_int) -> io::Result<()> {
    // SAFETY: these commands take an int and touch no memory of ours; the
    // descriptor is open for as long as it is borrowed.
    let result = unsafe { libc::fcntl(file.as_raw_fd(), command, argument) };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;
    use crate::sys::mapping::Mapping;
    use crate::sys::object;
    use crate::testing::TestName;
    use crate::{Segment, SegmentName};

    fn is_free(name: &SegmentName) -> bool {
        let file = object::open(name.file_name()).unwrap();
        Lease::take(file.as_fd()).unwrap().is_some()
    }

    #[test]
    fn file_that_somebody_has_open_cannot_be_leased() {
        let name = TestName::new("lease");
        let segment = Segment::create(&name, 100).unwrap();
        assert!(!is_free(&name));
        drop(segment);
        assert!(is_free(&name));
    }

    /// What recovery relies on: the mapping counts, without a descriptor.
    #[test]
    fn file_that_somebody_has_mapped_cannot_be_leased() {
        let name = TestName::new("lease-mapped");
        drop(Segment::create(&name, 100).unwrap());
        let file = object::open(name.file_name()).unwrap();
        let mapping = Mapping::new(&file, 100.try_into().unwrap()).unwrap();
        drop(file);
        assert!(!is_free(&name));
        drop(mapping);
        assert!(is_free(&name));
    }

    #[test]
    fn file_that_is_leased_is_opened_once_it_is_free() {
        let name = TestName::new("lease-waits");
        drop(Segment::create(&name, 100).unwrap());
        let file = object::open(name.file_name()).unwrap();
        let lease = Lease::take(file.as_fd()).unwrap().unwrap();
        std::thread::scope(|scope| {
            let opened = scope.spawn(|| Segment::open(&name, 100).map(|_| ()));
            drop(lease);
            opened.join().unwrap().unwrap();
        });
    }
}
