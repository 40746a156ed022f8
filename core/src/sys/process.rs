//! Which process this is, whether another lives, and who has a file open.
//!
//! Idea: a process is known by its number and the time of its start, since
//! numbers are used again. Both are good within one PID namespace, and the time
//! within one time namespace, so these are compared first.
//! Source: proc(5), `/proc/PID/stat`, `maps` and `fd`; kill(2) with signal 0;
//! madvise(2), `MADV_WIPEONFORK`; namespaces(7).
//! Limits: without /proc nobody is known. What the kernel hides from this user
//! counts as alive. A start is told from another by hundredths of a second.

use std::ffi::c_void;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::ptr::{NonNull, null_mut};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64};

use nix::errno::Errno;
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mmap_anonymous, munmap};
use nix::sys::signal::kill;
use nix::sys::stat::{major, minor};
use nix::unistd::{Pid, getpid};

/// Bits of a process's number: 4,194,304 is the most that Linux allows.
const PID_BITS: u32 = 22;

/// Which process: number and start, in one word that is never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity(u64);

/// Set in an identity whose process recovers a store by it.
const RECOVERING: u64 = 1 << 63;

impl Identity {
    fn new(pid: u32, start: u64) -> Self {
        Self((u64::from(pid) | start << PID_BITS) & !RECOVERING)
    }

    /// What stands in shared memory; `None` where that is 0.
    pub(crate) fn from_word(word: u64) -> Option<Self> {
        (word != 0).then_some(Self(word))
    }

    /// As it stands in shared memory.
    pub(crate) fn word(self) -> u64 {
        self.0
    }

    /// The same process, as one that recovers.
    pub(crate) fn recovering(self) -> Self {
        Self(self.0 | RECOVERING)
    }

    /// Its number.
    pub(crate) fn pid(self) -> u32 {
        (self.0 & ((1 << PID_BITS) - 1)) as u32
    }

    /// Whether all threads of the process have ended. `false` where that cannot
    /// be told.
    pub(crate) fn is_dead(self) -> bool {
        let Ok(pid) = i32::try_from(self.pid()) else { return false };
        if pid == 0 {
            return false;
        }
        match fs::read_to_string(format!("/proc/{pid}/stat")) {
            Ok(text) => Stat::parse(&text).is_some_and(|stat| {
                // Another has its number by now; or it is a zombie, and not one
                // whose first thread alone has ended.
                Self::new(self.pid(), stat.start).0 != self.0 & !RECOVERING
                    || (stat.ended && stat.threads <= 1)
            }),
            Err(error) if is_gone(&error) => kill(Pid::from_raw(pid), None) == Err(Errno::ESRCH),
            Err(_) => false,
        }
    }
}

fn is_gone(error: &std::io::Error) -> bool {
    error.kind() == ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

/// What `/proc/PID/stat` says.
struct Stat {
    pid: u32,
    ended: bool,
    threads: u32,
    start: u64,
}

impl Stat {
    /// The name, in parentheses, can hold anything; the numbers follow the last.
    fn parse(text: &str) -> Option<Self> {
        let pid = text.split_once(' ')?.0.parse().ok()?;
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        Some(Self {
            pid,
            ended: matches!(*fields.first()?, "Z" | "X" | "x"),
            threads: fields.get(17)?.parse().ok()?,
            start: fields.get(19)?.parse().ok()?,
        })
    }
}

/// This process, as others are to know it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Me {
    pub(crate) identity: Identity,
    /// In which namespaces the identity is good.
    pub(crate) namespace: u64,
    /// The first bytes of its name.
    pub(crate) name: u64,
}

/// What is known of this process so far. A child made by fork is another process,
/// and finds zeroes here.
struct Known {
    state: AtomicU32,
    attempts: AtomicU32,
    identity: AtomicU64,
    namespace: AtomicU64,
    name: AtomicU64,
}

/// States of [`Known`]. Zeroed memory is `NOT_ASKED`.
const NOT_ASKED: u32 = 0;
const TOLD: u32 = 1;
const HIDDEN: u32 = 2;

/// This process; `None` where it cannot be told.
pub(crate) fn me() -> Option<Me> {
    let known = known()?;
    // Acquire: pairs with the Release below. Relaxed could show the state before
    // the words that it is about.
    match known.state.load(Acquire) {
        TOLD => {
            // Identities are made by `Identity::new` only, which never makes 0.
            let identity = Identity(known.identity.load(Relaxed));
            let (namespace, name) = (known.namespace.load(Relaxed), known.name.load(Relaxed));
            Some(Me { identity, namespace, name })
        }
        NOT_ASKED => {
            // Threads that ask at once are told the same.
            let me = ask();
            if let Some(me) = me {
                known.identity.store(me.identity.0, Relaxed);
                known.namespace.store(me.namespace, Relaxed);
                known.name.store(me.name, Relaxed);
            }
            known.state.store(if me.is_some() { TOLD } else { HIDDEN }, Release);
            me
        }
        _ => None,
    }
}

/// Counts the attempts that this process makes at something that is not worth
/// doing each time, and says whether it is to be done this time: at the first,
/// the second, the fourth, the eighth, …
pub(crate) fn is_worth_an_attempt() -> bool {
    known().is_some_and(|known| {
        let before = known.attempts.fetch_add(1, Relaxed);
        before.wrapping_add(1).is_power_of_two()
    })
}

fn ask() -> Option<Me> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let stat = Stat::parse(&text)?;
    // What is mounted there may be of another PID namespace.
    if i64::from(stat.pid) != i64::from(getpid().as_raw()) || stat.pid >> PID_BITS != 0 {
        return None;
    }
    let pid_namespace = fs::metadata("/proc/self/ns/pid").ok()?.ino();
    // Before Linux 5.6 there is but one.
    let time_namespace = fs::metadata("/proc/self/ns/time").map_or(0, |found| found.ino());
    // The kernel's numbers of namespaces have 32 bits. A namespace is never 0.
    let namespace = pid_namespace << 32 | (time_namespace & u64::from(u32::MAX));
    let name = text.split_once('(')?.1.rsplit_once(')')?.0;
    Some(Me { identity: Identity::new(stat.pid, stat.start), namespace, name: name_word(name) })
}

/// The first eight bytes of a name, at most, in one word.
fn name_word(name: &str) -> u64 {
    let mut bytes = [0; 8];
    for (place, byte) in bytes.iter_mut().zip(name.bytes()) {
        *place = byte;
    }
    u64::from_ne_bytes(bytes)
}

/// The name in a word; `None` for an empty one.
pub(crate) fn name_in(word: u64) -> Option<String> {
    let bytes = word.to_ne_bytes();
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    (!bytes.is_empty()).then(|| bytes.escape_ascii().to_string())
}

/// The page of [`Known`]; `None` where there can be none.
fn known() -> Option<&'static Known> {
    static PAGE: AtomicPtr<Known> = AtomicPtr::new(null_mut());
    // Acquire: the page is zeroed, and in place. No lock: a child forked by a
    // process of many threads would find it as it was, maybe taken.
    let page = NonNull::new(PAGE.load(Acquire)).or_else(|| {
        let new = make_page()?;
        match PAGE.compare_exchange(null_mut(), new.as_ptr(), AcqRel, Acquire) {
            Ok(_) => Some(new),
            Err(other) => {
                free_page(new);
                NonNull::new(other)
            }
        }
    })?;
    // SAFETY: from `make_page`, and once it is in `PAGE` never unmapped; zeroes are
    // valid, and its fields are atomics. The kernel writes zeroes in children only.
    Some(unsafe { page.as_ref() })
}

/// A zeroed page that is zeroed again in a child, however that is made.
fn make_page() -> Option<NonNull<Known>> {
    let length = super::mapping::page_size().try_into().ok()?;
    let protection = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: the kernel chooses the address, so no other memory is replaced.
    let page = unsafe { mmap_anonymous(None, length, protection, MapFlags::MAP_PRIVATE) }.ok()?;
    // SAFETY: the page was just mapped, and holds nothing yet.
    if unsafe { madvise(page, length.get(), MmapAdvise::MADV_WIPEONFORK) }.is_err() {
        free_page(page.cast());
        return None;
    }
    Some(page.cast())
}

fn free_page(page: NonNull<Known>) {
    // SAFETY: from `make_page`, and nobody else has seen it.
    let _ = unsafe { munmap(page.cast::<c_void>(), super::mapping::page_size()) };
}

/// The numbers and names of all processes that have a file of this device and
/// inode open or mapped, and that /proc shows to this one; by number.
pub(crate) fn users_of(file: (u64, u64)) -> Vec<(u32, Option<String>)> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let numbers = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut users: Vec<u32> =
        numbers.filter(|pid| has_mapped(*pid, file) || has_open(*pid, file)).collect();
    users.sort_unstable();
    users.into_iter().map(|pid| (pid, name_of(pid))).collect()
}

/// The name of a process that lives.
pub(crate) fn name_of(pid: u32) -> Option<String> {
    let name = fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_ascii_end().escape_ascii().to_string())
}

fn has_mapped(pid: u32, (device, inode): (u64, u64)) -> bool {
    let Ok(maps) = fs::read(format!("/proc/{pid}/maps")) else { return false };
    let device = format!("{:02x}:{:02x}", major(device), minor(device));
    let inode = inode.to_string();
    String::from_utf8_lossy(&maps).lines().any(|line| {
        // Address, permissions, offset, device, inode, path.
        let mut fields = line.split_ascii_whitespace().skip(3);
        fields.next() == Some(&*device) && fields.next() == Some(&*inode)
    })
}

fn has_open(pid: u32, identity: (u64, u64)) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors
        .filter_map(|entry| fs::metadata(entry.ok()?.path()).ok())
        .any(|found| (found.dev(), found.ino()) == identity)
}

#[cfg(test)]
mod tests {
    use nix::sys::wait::{Id, WaitPidFlag, waitid};
    use rstest::rstest;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn this_process_is_known_and_lives() {
        let me = me().unwrap();
        assert_eq!(me.identity.pid(), std::process::id());
        assert!(!me.identity.is_dead());
        assert!(!me.identity.recovering().is_dead());
        assert_ne!(me.namespace >> 32, 0);
    }

    fn identity_of(pid: u32) -> Identity {
        let stat = Stat::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).unwrap()).unwrap();
        Identity::new(pid, stat.start)
    }

    /// Schedule: a child is killed; it is a zombie, and then gone.
    #[test]
    fn killed_process_is_dead_before_and_after_it_is_reaped() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let identity = identity_of(child.id());
        assert!(!identity.is_dead());
        child.kill().unwrap();
        // Waits for the end, and leaves a zombie.
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        waitid(Id::Pid(Pid::from_raw(child.id() as i32)), flags).unwrap();
        assert!(identity.is_dead());
        child.wait().unwrap();
        assert!(identity.is_dead());
    }

    /// Another process has the number by now.
    #[test]
    fn process_that_started_at_another_time_is_dead() {
        let me = me().unwrap().identity;
        assert!(Identity(me.0 ^ 1 << PID_BITS).is_dead());
    }

    #[rstest]
    #[case::spaces("12 (a b) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 3 0 77 0")]
    #[case::parenthesis("12 (a) Z) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 3 0 77 0")]
    fn stat_is_read_behind_the_name(#[case] text: &str) {
        let stat = Stat::parse(text).unwrap();
        assert_eq!((stat.pid, stat.ended, stat.threads, stat.start), (12, false, 3, 77));
    }

    #[test]
    fn name_fits_a_word() {
        assert_eq!(name_in(name_word("lab-4")).as_deref(), Some("lab-4"));
        assert_eq!(name_in(name_word("a longer name")).as_deref(), Some("a longer"));
        assert_eq!(name_in(0), None);
    }
}
