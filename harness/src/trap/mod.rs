//! Names that bodies make under `/dev/shm`, logged so that none is left behind.
//!
//! Idea: a seccomp filter stops the few calls that can make a name. Their
//! SIGSYS handler writes the name into a log in shared memory, makes the call
//! itself, and returns its result: the body notices nothing. The name is
//! written first, so that a process killed at any moment leaves none unlogged.
//! The handler's own calls pass by a mark in the sixth argument, which none of
//! these calls has. All other calls, futex(2) above all, are let through
//! without a look at their arguments, which the kernel remembers per number.
//! A program that the body executes has no handler and would die of SIGSYS, so
//! only calls from code that was mapped when the filter was made are stopped.
//! Source: seccomp(2), sigaction(2).
//! Limits: x86-64 only, and off where address space layout randomisation is:
//! there an executed program's code lies where ours did. Names are resolved as
//! text, so one reached through a symbolic link is missed; so are those made by
//! openat2, mkdir, mknod and symlink, and by executed programs. A body that
//! blocks SIGSYS dies of the first name that it makes. The filter cannot be
//! taken off, and brings `no_new_privs` with it: workers only.

pub(crate) mod filter;
#[cfg(target_arch = "x86_64")]
mod handler;
mod log;

use std::sync::Arc;

use nix::errno::Errno;
use nix::sys::prctl;

use crate::memory::{Mapping, Memory};
use log::NameLog;

/// A log of names and the filter that fills it, ready for workers to install.
pub(crate) struct Trap {
    log: Arc<Mapping>,
    program: Vec<libc::sock_filter>,
}

impl Trap {
    /// `None` where names cannot be logged on this machine.
    ///
    /// # Errors
    /// No memory for the log.
    pub(crate) fn new() -> Result<Option<Self>, Errno> {
        if !cfg!(target_arch = "x86_64") || !randomised() || !filter::available() {
            return Ok(None);
        }
        let log = Arc::new(Memory::new(size_of::<NameLog>())?.map()?);
        Ok(Some(Self { log, program: filter::program(&own_code()) }))
    }

    /// From here on, names that this process and its children make are logged.
    ///
    /// # Errors
    /// What sigaction(2), prctl(2) or seccomp(2) said. The log knows of it:
    /// [`Trap::complete`].
    pub(crate) fn install(&self) -> Result<(), Errno> {
        let log = self.log.as_shared::<NameLog>();
        // Before the filter, which without a handler is deadly.
        let installed = self
            .handle()
            .and_then(|()| prctl::set_no_new_privs())
            .and_then(|()| filter::install(&self.program));
        installed.inspect_err(|_| log.set_incomplete())
    }

    /// From here on, [`answer`] logs in this process and its children: for one
    /// whose own filter stops the calls that make names.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn write_log(&self) {
        handler::write_to(&self.log);
    }

    #[cfg(target_arch = "x86_64")]
    fn handle(&self) -> Result<(), Errno> {
        handler::install(&self.log)
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn handle(&self) -> Result<(), Errno> {
        Err(Errno::ENOSYS)
    }

    /// Whether every name made so far was logged.
    pub(crate) fn complete(&self) -> bool {
        self.log.as_shared::<NameLog>().is_complete()
    }

    /// The segments that were made and still exist, as `segment /name`; they are
    /// removed, and the log is empty then. Call it while nobody makes names.
    pub(crate) fn remove_left(&self) -> Vec<String> {
        let made = self.log.as_shared::<NameLog>().take();
        // Whoever removed its name has nothing left here.
        let left = made.into_iter().filter(|path| std::fs::remove_file(path).is_ok());
        left.map(|path| format!("segment {}", path.trim_start_matches("/dev/shm"))).collect()
    }
}

/// Makes a call that was stopped, with the name that it makes logged; returns
/// what the kernel would.
#[cfg(target_arch = "x86_64")]
pub(crate) fn answer(number: i64, arguments: [u64; 6]) -> i64 {
    handler::answer(number, arguments.map(u64::cast_signed))
}

/// Whether programs are loaded at random addresses.
fn randomised() -> bool {
    let read = |path| std::fs::read_to_string(path).ok();
    let personality = read("/proc/self/personality")
        .and_then(|bits| libc::c_int::from_str_radix(bits.trim(), 16).ok());
    let level = read("/proc/sys/kernel/randomize_va_space");
    personality.is_some_and(|bits| bits & libc::ADDR_NO_RANDOMIZE == 0)
        && level.is_some_and(|level| level.trim() == "2")
}

/// The address ranges of this process's code.
fn own_code() -> Vec<std::ops::Range<u64>> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let range = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let address = |digits| u64::from_str_radix(digits, 16).ok();
        rest.get(..4)?.contains('x').then_some(address(start)?..address(end)?)
    };
    maps.lines().filter_map(range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_code_holds_this_function_and_the_library() {
        let code = own_code();
        for function in [own_code as fn() -> _ as usize, libc::open as *const () as usize] {
            assert!(code.iter().any(|range| range.contains(&(function as u64))), "{code:x?}");
        }
    }
}
