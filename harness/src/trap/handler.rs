//! The SIGSYS handler: logs the name, makes the call, hands back its result.
//!
//! Idea: what the body passed is not trusted. A call whose new name cannot be
//! looked up, exists already, or lies elsewhere is made as it is and not logged.
//! Limits: as x86-64 passes arguments. Only async-signal-safe calls are used.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::{Arc, OnceLock};

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use super::filter::MARK;
use super::log::{Entry, NameLog};
use crate::memory::Mapping;

const SHARED_MEMORY: &[u8] = b"/dev/shm/";

/// `SYS_SECCOMP`: the signal comes from a filter.
const FROM_FILTER: c_int = 1;

/// Where the handler finds the log.
static LOG: OnceLock<Arc<Mapping>> = OnceLock::new();

/// Installs the handler in this process, with `log` to write to.
pub(super) fn install(log: &Arc<Mapping>) -> Result<(), Errno> {
    write_to(log);
    let handler = SigHandler::SigAction(on_stopped_call);
    let action = SigAction::new(handler, SaFlags::SA_SIGINFO, SigSet::empty());
    // SAFETY: the handler allocates nothing, takes no lock, and keeps errno.
    unsafe { sigaction(Signal::SIGSYS, &action) }.map(drop)
}

/// Makes `log` the one that names of this process and its children go to.
pub(super) fn write_to(log: &Arc<Mapping>) {
    // Where a worker itself runs a scenario, its workers' names go to the outer
    // log, which is as good: somebody removes them.
    LOG.get_or_init(|| Arc::clone(log));
}

/// Makes a call that was stopped, with its new name logged. Returns its result
/// as the kernel gives it, and leaves errno as it was.
pub(super) fn answer(number: i64, arguments: [i64; 6]) -> i64 {
    let errno = Errno::last_raw();
    let result = logged(Call { number, arguments });
    Errno::set_raw(errno);
    result
}

/// A system call, as it was stopped.
#[derive(Clone, Copy)]
struct Call {
    number: i64,
    arguments: [i64; 6],
}

extern "C" fn on_stopped_call(_: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel passes a valid description of the signal.
    if unsafe { (*info).si_code } != FROM_FILTER {
        return die();
    }
    // SAFETY: with SA_SIGINFO the kernel passes a valid context, which is ours
    // until the handler returns.
    let context = unsafe { &mut *context.cast::<libc::ucontext_t>() };
    let registers = &mut context.uc_mcontext.gregs;
    let arguments =
        [libc::REG_RDI, libc::REG_RSI, libc::REG_RDX, libc::REG_R10, libc::REG_R8, libc::REG_R9]
            .map(|register| registers[register as usize]);
    registers[libc::REG_RAX as usize] = answer(registers[libc::REG_RAX as usize], arguments);
}

/// Somebody sent SIGSYS: it does what it does without a handler.
fn die() {
    // SAFETY: the default action runs no code.
    unsafe { libc::signal(libc::SIGSYS, libc::SIG_DFL) };
    // SAFETY: a signal to itself; it is blocked until the handler returns.
    unsafe { libc::raise(libc::SIGSYS) };
}

/// Makes the call, with its new name logged; returns its result as the kernel
/// gives it: a negative error number for a failure.
fn logged(call: Call) -> i64 {
    let entry = log(&call);
    let result = perform(call);
    if let (Some(entry), true) = (entry, result < 0) {
        entry.free();
    }
    result
}

fn perform(call: Call) -> i64 {
    let [a, b, c, d, e, _] = call.arguments;
    // SAFETY: the call is the body's own, with its own arguments; the sixth is
    // not one of them.
    let result = unsafe { libc::syscall(call.number, a, b, c, d, e, MARK) };
    if result == -1 { -i64::from(Errno::last_raw()) } else { result }
}

fn log(call: &Call) -> Option<&'static Entry> {
    let log = LOG.get()?.as_shared::<NameLog>();
    let (new, old) = names_of(call);
    if new.lookup() != Err(Errno::ENOENT) {
        return None;
    }
    // Somebody else's object under another name is still somebody else's.
    let ours = |old: Name| {
        old.lookup().is_ok() && old.resolve().is_some_and(|old| log.contains(old.bytes()))
    };
    if !old.is_none_or(ours) {
        return None;
    }
    log.add(new.resolve()?.bytes())
}

/// A name as a call gives it: relative to a directory, in the body's memory.
#[derive(Clone, Copy)]
struct Name {
    directory: i64,
    path: i64,
}

/// The name that a call makes, and the one that it takes away for it.
fn names_of(call: &Call) -> (Name, Option<Name>) {
    let [a, b, c, d, ..] = call.arguments;
    let here = |path| Name { directory: libc::AT_FDCWD.into(), path };
    let at = |directory, path| Name { directory, path };
    match call.number {
        libc::SYS_openat => (at(a, b), None),
        libc::SYS_link => (here(b), None),
        libc::SYS_linkat => (at(c, d), None),
        libc::SYS_rename => (here(b), Some(here(a))),
        libc::SYS_renameat | libc::SYS_renameat2 => (at(c, d), Some(at(a, b))),
        _ => (here(a), None),
    }
}

impl Name {
    /// Whether it exists. `EFAULT`: its path is not in memory; after any other
    /// answer it is.
    fn lookup(self) -> Result<(), Errno> {
        let mut status = std::mem::MaybeUninit::<libc::stat>::uninit();
        let (directory, path) = (self.directory as c_int, self.path as *const c_char);
        let flags = libc::AT_SYMLINK_NOFOLLOW;
        // SAFETY: the kernel checks `path`, and writes `status`, which is ours.
        let found = unsafe { libc::fstatat(directory, path, status.as_mut_ptr(), flags) };
        Errno::result(found).map(drop)
    }

    /// Its whole path where that lies under `/dev/shm`. Call `lookup` first.
    fn resolve(self) -> Option<Path> {
        let mut path = Path::new();
        // SAFETY: `lookup` found a path that ends with NUL here. Only another
        // thread of the body's can have taken it away since.
        let given = unsafe { CStr::from_ptr(self.path as *const c_char) }.to_bytes();
        if !given.starts_with(b"/") {
            path.push_directory(self.directory as c_int)?;
            path.push(b"/")?;
        }
        path.push(given)?;
        let climbs = path.bytes().windows(4).any(|part| part == b"/../");
        (path.bytes().starts_with(SHARED_MEMORY) && !climbs).then_some(path)
    }
}

/// A path, on the stack: a signal handler must not allocate.
struct Path {
    bytes: [u8; libc::PATH_MAX as usize],
    len: usize,
}

impl Path {
    fn new() -> Self {
        Self { bytes: [0; libc::PATH_MAX as usize], len: 0 }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// `None` where there is no room: the kernel then refuses the path too.
    fn push(&mut self, part: &[u8]) -> Option<()> {
        let end = self.len + part.len();
        self.bytes.get_mut(self.len..end)?.copy_from_slice(part);
        self.len = end;
        Some(())
    }

    /// The path of an open directory, as `/proc` has it.
    fn push_directory(&mut self, fd: c_int) -> Option<()> {
        let mut link = Self::new();
        if fd == libc::AT_FDCWD {
            link.push(b"/proc/self/cwd\0")?;
        } else {
            link.push(b"/proc/self/fd/")?;
            link.push_number(u32::try_from(fd).ok()?)?;
            link.push(b"\0")?;
        }
        let room = &mut self.bytes[self.len..];
        // SAFETY: the link ends with NUL, and the kernel writes into `room` only.
        let read = unsafe {
            libc::readlink(link.bytes.as_ptr().cast(), room.as_mut_ptr().cast(), room.len())
        };
        self.len += usize::try_from(read).ok()?;
        Some(())
    }

    fn push_number(&mut self, number: u32) -> Option<()> {
        if number >= 10 {
            self.push_number(number / 10)?;
        }
        self.push(&[b'0' + (number % 10) as u8])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(directory: c_int, path: &CStr) -> Name {
        Name { directory: directory.into(), path: path.as_ptr() as i64 }
    }

    fn resolved(directory: c_int, path: &CStr) -> Option<String> {
        let path = name(directory, path).resolve()?;
        Some(String::from_utf8_lossy(path.bytes()).into_owned())
    }

    #[test]
    fn paths_under_dev_shm_are_resolved_and_no_others() {
        for path in [c"/dev/shm/a", c"/dev/shm/a/b"] {
            let text = path.to_str().expect("text");
            assert_eq!(resolved(libc::AT_FDCWD, path).as_deref(), Some(text));
        }
        for path in [c"/tmp/a", c"/dev/shm", c"/dev/shm/../a", c"relative"] {
            assert_eq!(resolved(libc::AT_FDCWD, path), None, "{path:?}");
        }
    }

    #[test]
    fn name_relative_to_an_open_directory_is_resolved() {
        use std::os::fd::AsRawFd;
        let directory = std::fs::File::open("/dev/shm").expect("a directory");
        assert_eq!(resolved(directory.as_raw_fd(), c"a").as_deref(), Some("/dev/shm/a"));
        assert_eq!(resolved(-1, c"a"), None);
    }

    #[test]
    fn lookup_tells_missing_from_unreadable() {
        assert_eq!(name(libc::AT_FDCWD, c"/dev/shm").lookup(), Ok(()));
        assert_eq!(name(libc::AT_FDCWD, c"/dev/shm/no-such").lookup(), Err(Errno::ENOENT));
        let nowhere = Name { directory: libc::AT_FDCWD.into(), path: 1 };
        assert_eq!(nowhere.lookup(), Err(Errno::EFAULT));
    }

    #[test]
    fn path_without_room_is_none() {
        let mut path = Path::new();
        assert!(path.push(&[b'a'; libc::PATH_MAX as usize]).is_some());
        assert!(path.push(b"a").is_none());
    }
}
