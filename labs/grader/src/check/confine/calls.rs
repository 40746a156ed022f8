//! Which system calls a learner's code may make: a short list.
//!
//! Idea: what is on the list computes, waits, prints, or asks the time. A few
//! harmless questions are answered with EPERM, so that code which asks them goes
//! on: whether standard output is a terminal, how many processors there are. Any
//! other call ends the process: under stress at once, in the simulator with a
//! sentence.
//! Source: seccomp(2).
//! Limits: arguments that are pointers cannot be looked at. So no call with a path
//! is on the list.

use std::collections::BTreeMap;

use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use super::failed;

/// In which part of a check.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Stress,
    Simulation,
}

/// Calls that change nothing outside the process but what it shares already.
const HARMLESS: &[i64] = &[
    // Waiting, waking, time.
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_restart_syscall,
    // Private memory: there is no descriptor of anything else to be mapped.
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_membarrier,
    // Which pages were touched: the simulator asks, to tell loops without an end.
    libc::SYS_mincore,
    // Printing.
    libc::SYS_write,
    libc::SYS_writev,
    // Signals within the process, panics, the end. To whom they go is below.
    libc::SYS_kill,
    libc::SYS_tgkill,
    libc::SYS_tkill,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Who it is.
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    // Its children, of which it has none.
    libc::SYS_wait4,
];

/// What the harness needs in a process under stress: strikes are timers.
const FOR_STRIKES: &[i64] =
    &[libc::SYS_timer_create, libc::SYS_timer_settime, libc::SYS_timer_delete];

/// What the simulator needs in the process that forks executions, and in these.
/// The simulator's own filter stops each where it is not the simulator that asks.
const FOR_EXECUTIONS: &[i64] = &[libc::SYS_clone, libc::SYS_prlimit64];

/// Questions that code asks on the side.
const QUESTIONS: &[i64] = &[
    libc::SYS_ioctl,
    libc::SYS_fcntl,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
    libc::SYS_lseek,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_close,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpriority,
    libc::SYS_getrusage,
    libc::SYS_times,
    libc::SYS_getcpu,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
];

/// The older forms of those above, which only some machines have.
#[cfg(target_arch = "x86_64")]
mod older {
    pub const HARMLESS: &[i64] =
        &[libc::SYS_time, libc::SYS_poll, libc::SYS_select, libc::SYS_pause];
    pub const QUESTIONS: &[i64] = &[
        libc::SYS_stat,
        libc::SYS_lstat,
        libc::SYS_access,
        libc::SYS_readlink,
        libc::SYS_dup2,
        libc::SYS_getrlimit,
    ];
}

#[cfg(not(target_arch = "x86_64"))]
mod older {
    pub const HARMLESS: &[i64] = &[];
    pub const QUESTIONS: &[i64] = &[];
}

/// What prctl(2) may be asked: to die with the parent, and to give up more.
const GIVING_UP: &[i32] =
    &[libc::PR_SET_PDEATHSIG, libc::PR_SET_NO_NEW_PRIVS, libc::PR_SET_SECCOMP];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The list: what is on it passes, and a process ends at anything else.
pub(super) fn allowed(part: Part) -> Result<BpfProgram, String> {
    let (own, otherwise) = match part {
        // No handler can be in the way.
        Part::Stress => (FOR_STRIKES, SeccompAction::KillProcess),
        // The simulator's handler says which call it was.
        Part::Simulation => (FOR_EXECUTIONS, SeccompAction::Trap),
    };
    let mut rules: Rules = [HARMLESS, older::HARMLESS, QUESTIONS, older::QUESTIONS, own]
        .into_iter()
        .flat_map(always)
        .collect();
    let asked = GIVING_UP.iter().map(|option| first_is(SeccompCmpOp::Eq, option.unsigned_abs()));
    rules.insert(libc::SYS_prctl, asked.collect::<Result<_, _>>()?);
    // The last filters of a process are installed after this one.
    rules.insert(libc::SYS_seccomp, Vec::new());
    compile(rules, otherwise, SeccompAction::Allow)
}

/// Questions, which are refused.
pub(super) fn unanswered() -> Result<BpfProgram, String> {
    let mut rules: Rules = [QUESTIONS, older::QUESTIONS].into_iter().flat_map(always).collect();
    // Limits can be set by the simulator; a question has no new ones.
    let asks = SeccompCondition::new(2, seccompiler::SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|error| failed("seccomp", error))?;
    rules.insert(libc::SYS_prlimit64, vec![asks]);
    compile(rules, SeccompAction::Allow, refusal())
}

/// Signals go to process `own` or are refused. In the simulator, the simulator sees
/// to that.
pub(super) fn signals_to(own: u32) -> Result<BpfProgram, String> {
    let mut rules = Rules::new();
    for call in [libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill] {
        rules.insert(call, vec![first_is(SeccompCmpOp::Ne, own)?]);
    }
    compile(rules, SeccompAction::Allow, refusal())
}

fn refusal() -> SeccompAction {
    SeccompAction::Errno(libc::EPERM.unsigned_abs())
}

fn always(calls: &[i64]) -> impl Iterator<Item = (i64, Vec<SeccompRule>)> {
    calls.iter().map(|call| (*call, Vec::new()))
}

fn first_is(compare: SeccompCmpOp, value: u32) -> Result<SeccompRule, String> {
    SeccompCondition::new(0, Dword, compare, value.into())
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|error| failed("seccomp", error))
}

fn compile(
    rules: Rules,
    otherwise: SeccompAction,
    matched: SeccompAction,
) -> Result<BpfProgram, String> {
    let program = || -> Result<BpfProgram, seccompiler::BackendError> {
        let target = std::env::consts::ARCH.try_into()?;
        SeccompFilter::new(rules, otherwise, matched, target)?.try_into()
    };
    program().map_err(|error| failed("seccomp", error))
}

/// From here on, `program` says what becomes of each call of this process.
pub(super) fn install(program: &BpfProgram) -> Result<(), String> {
    seccompiler::apply_filter(program).map_err(|error| failed("seccomp", error))
}
