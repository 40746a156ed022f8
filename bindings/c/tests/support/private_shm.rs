//! A `/dev/shm` of this process's own, for tests that use the default name.
//!
//! Idea: in a mount namespace of its own a process mounts an empty tmpfs there.
//! No other test, and no store of the user's, is then in the way.
//! Source: mount_namespaces(7), user_namespaces(7).
//! Limits: where the kernel allows no namespaces, programs of this kind take
//! turns by a lock on a file, and refuse to touch a store that is there.

use std::ffi::CStr;
use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::ptr::null;
use std::time::{Duration, Instant};
use std::{io, thread};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getgid, getuid};

use super::Outcome;

const SHM: &str = "/dev/shm";

/// The file of the default name.
const DEFAULT: &str = "gitflow_kv_store";

/// How the files of these tests begin; only one program of this kind runs, so
/// all of them are its own.
const PREFIXES: [&str; 3] = ["shmkv-test-c", "shmkv-test-python", "shmkv-readme"];

/// How long others may use the default name before us.
const PATIENCE: Duration = Duration::from_secs(600);

/// What makes `/dev/shm` ours, for as long as it lives.
pub enum PrivateShm {
    /// Nobody else sees it.
    Namespace,
    /// Others wait for this lock before they use the default name.
    Shared(Flock<File>),
}

/// Gives this process, and those that it starts, a `/dev/shm` of their own. To
/// be called before any thread is started.
pub fn enter() -> Outcome<PrivateShm> {
    match enter_namespace() {
        Ok(()) => Ok(PrivateShm::Namespace),
        Err(_) => take_turns().map(PrivateShm::Shared),
    }
}

/// Removes what tests have left, and says what it was.
pub fn sweep() -> Vec<String> {
    let names = fs::read_dir(SHM).into_iter().flatten().flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let ours = names.filter(|name| name == DEFAULT || PREFIXES.iter().any(|p| name.starts_with(p)));
    let ours: Vec<_> = ours.collect();
    for name in &ours {
        // It may have gone meanwhile.
        let _ = fs::remove_file(Path::new(SHM).join(name));
    }
    ours
}

fn enter_namespace() -> io::Result<()> {
    let (user, group) = (getuid(), getgid());
    if unshare(CloneFlags::CLONE_NEWNS).is_err() {
        unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUSER)?;
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
        fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
    }
    // What is mounted here shall not be seen outside.
    mount(c"/", null(), libc::MS_REC | libc::MS_PRIVATE)?;
    mount(c"/dev/shm", c"tmpfs".as_ptr(), libc::MS_NOSUID | libc::MS_NODEV)
}

fn mount(target: &CStr, kind: *const libc::c_char, flags: libc::c_ulong) -> io::Result<()> {
    let source = c"shmkv-tests".as_ptr();
    // SAFETY: the texts are C texts that live until the call returns; `kind` is
    // one, or NULL where the flags need none.
    match unsafe { libc::mount(source, target.as_ptr(), kind, flags, null()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Waits until no other program of this kind runs.
fn take_turns() -> Outcome<Flock<File>> {
    let path = std::env::temp_dir().join("shmkv-default-name.lock");
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(|error| format!("{} cannot be opened: {error}", path.display()))?;
    let lock = lock(file).map_err(|why| format!("{} cannot be locked: {why}", path.display()))?;
    let default = Path::new(SHM).join(DEFAULT);
    match default.symlink_metadata() {
        Err(_) => Ok(lock),
        Ok(_) => Err(format!("{} is in use; these tests would remove it", default.display())),
    }
}

fn lock(mut file: File) -> Outcome<Flock<File>> {
    let start = Instant::now();
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((same, Errno::EWOULDBLOCK)) if start.elapsed() < PATIENCE => file = same,
            Err((_, errno)) => return Err(errno.to_string()),
        }
        thread::sleep(Duration::from_millis(50));
    }
}
