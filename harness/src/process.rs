//! Child processes: making, watching and ending them.
//!
//! Idea: what the harness needs of fork(2), waitpid(2) and prctl(2), each as a
//! safe function. Ends are told apart by raw status, so that a death by a
//! real-time signal has a name too.
//! Source: fork(2), waitpid(2), prctl(2), proc(5).
//! Limits: only for a process with one thread; [`threads`] counts them.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, kill, sigaction};
use nix::unistd::{ForkResult, Pid, getpid, getppid, setpgid};

/// What a child exits with where the harness's own code panicked in it.
const BROKEN: i32 = 101;

/// How one process died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// It called `exit`, with this status.
    Exited(i32),
    /// This signal ended it.
    Signalled(i32),
}

/// How many threads this process has; `None` where `/proc` does not say.
pub(crate) fn threads() -> Option<usize> {
    fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

/// Forks a child that does `work` and exits with what it returns.
///
/// The child never runs a destructor or an exit handler of the parent's.
///
/// # Errors
/// What fork(2) said: most likely `EAGAIN`, too many processes.
pub(crate) fn fork(work: impl FnOnce() -> i32) -> Result<Pid, Errno> {
    // SAFETY: callers have made sure that this process has one thread, so the
    // child holds no lock that another thread took.
    match unsafe { nix::unistd::fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => exit_now(catch_unwind(AssertUnwindSafe(work)).unwrap_or(BROKEN)),
    }
}

/// Ends this process at once: no exit handlers, no flushing.
pub(crate) fn exit_now(status: i32) -> ! {
    // SAFETY: _exit(2) ends the process and touches no memory.
    unsafe { libc::_exit(status) }
}

/// Ties this child to its parent, and gives it a process group of its own.
///
/// The parent's death kills it. A signal that it sends to its group reaches
/// neither parent nor siblings. Orphans among its descendants become its
/// children. It leaves no core file.
pub(crate) fn settle_in(parent: Pid) -> Result<(), Errno> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    if getppid() != parent {
        // The parent died before the line above, and nobody is left to tell.
        exit_now(BROKEN);
    }
    setpgid(Pid::from_raw(0), Pid::from_raw(0))?;
    prctl::set_child_subreaper(true)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)
}

/// Whether child `pid` is dead, and how it died. A dead child is reaped.
///
/// # Errors
/// `ECHILD`: there is no such child.
pub(crate) fn try_reap(pid: Pid) -> Result<Option<Death>, Errno> {
    Ok(reap_any(pid)?.map(|(_, death)| death))
}

/// Reaps children that are dead, and says whether one is left alive.
pub(crate) fn reap_all_dead() -> bool {
    // Bounded: each turn removes a child, and nobody makes new ones.
    loop {
        match reap_any(Pid::from_raw(-1)) {
            Ok(Some(_)) => {}
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

/// Kills child `pid` with SIGKILL and reaps it; `None` where it had not died
/// after `limit`, which only a process stuck inside the kernel does.
pub(crate) fn kill_and_reap(pid: Pid, limit: Duration) -> Result<Option<Death>, Errno> {
    // A child that is dead already takes the signal and ignores it.
    kill(pid, Signal::SIGKILL)?;
    reap_within(pid, limit)
}

/// Reaps child `pid` when it dies; `None` where it had not after `limit`.
pub(crate) fn reap_within(pid: Pid, limit: Duration) -> Result<Option<Death>, Errno> {
    let end = after(limit);
    let mut pause = Duration::from_micros(10);
    loop {
        let death = try_reap(pid)?;
        if death.is_some() || Instant::now() >= end {
            return Ok(death);
        }
        sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(1));
    }
}

/// The moment that lies `limit` ahead, or a year ahead where that is too far.
pub(crate) fn after(limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + limit.min(YEAR)
}

/// `__WALL`: children made by `clone` with another signal than SIGCHLD count too.
fn reap_any(pid: Pid) -> Result<Option<(Pid, Death)>, Errno> {
    let mut status = 0;
    let flags = libc::WNOHANG | libc::__WALL;
    // SAFETY: `status` is ours for the length of the call.
    let reaped = unsafe { libc::waitpid(pid.as_raw(), &raw mut status, flags) };
    let reaped = Errno::result(reaped)?;
    let death = if libc::WIFSIGNALED(status) {
        Death::Signalled(libc::WTERMSIG(status))
    } else {
        Death::Exited(libc::WEXITSTATUS(status))
    };
    Ok((reaped != 0).then(|| (Pid::from_raw(reaped), death)))
}

/// The name of a signal, such as `SIGSEGV`.
pub(crate) fn signal_name(signal: i32) -> String {
    Signal::try_from(signal).map_or_else(|_| format!("signal {signal}"), |name| name.to_string())
}

/// The children of this process, dead ones that are not reaped included.
///
/// Empty where the kernel does not list them (`CONFIG_PROC_CHILDREN`).
pub(crate) fn children() -> Vec<Pid> {
    let list = fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
    list.split_whitespace().filter_map(|pid| pid.parse().ok()).map(Pid::from_raw).collect()
}

/// What a process is called, for reports.
pub(crate) fn command_name(pid: Pid) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    name.trim_end().to_owned()
}

/// How often a sleeping process has slept and been pushed aside so far; `None`
/// where it does not sleep. Two equal answers: it has not run in between.
pub(crate) fn sleep_count(pid: Pid) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
    if !field("State:")?.trim_start().starts_with('S') {
        return None;
    }
    let count = |name| field(name)?.trim().parse::<u64>().ok();
    Some(count("voluntary_ctxt_switches:")? + count("nonvoluntary_ctxt_switches:")?)
}

/// While it lives, this process can wait for its children and adopts the
/// orphans among their descendants; then all is as it was before.
#[derive(Debug)]
pub(crate) struct Parenthood {
    on_child: SigAction,
    subreaper: bool,
}

impl Parenthood {
    /// # Errors
    /// What sigaction(2) or prctl(2) said.
    pub(crate) fn begin() -> Result<Self, Errno> {
        let subreaper = prctl::get_child_subreaper()?;
        prctl::set_child_subreaper(true)?;
        // With SIGCHLD ignored the kernel reaps children and forgets how they
        // ended; with a handler, the program might.
        let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
        // SAFETY: the default action runs no code.
        let on_child = unsafe { sigaction(Signal::SIGCHLD, &default) }?;
        Ok(Self { on_child, subreaper })
    }
}

impl Drop for Parenthood {
    fn drop(&mut self) {
        // SAFETY: this was the action before, so the program has vouched for it.
        let restored = unsafe { sigaction(Signal::SIGCHLD, &self.on_child) };
        debug_assert!(restored.is_ok(), "an action that was valid is valid");
        let restored = prctl::set_child_subreaper(self.subreaper);
        debug_assert!(restored.is_ok(), "a flag can be put back");
    }
}

/// This process's id, asked anew: after `fork`, the child's own.
pub(crate) fn id() -> Pid {
    getpid()
}
