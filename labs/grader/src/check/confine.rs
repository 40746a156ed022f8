//! What a learner's code may do, and what it may not.
//!
//! Idea: it may compute, touch the shared state, wait, panic and print. It may
//! not start processes or programs, send signals to others, use the network,
//! change files, or answer the runner in the checker's place. The checker gives
//! up what it does not need itself ([`enter`]), then the right to make names
//! under `/dev/shm` ([`seal`]); and each process gives up the rest before it
//! reaches the learner's code ([`confine`]). What is not allowed fails with EPERM
//! or EACCES, and the learner's code may make of that what it likes.
//! Source: landlock(7), seccomp(2), setrlimit(2).
//! Limits: files can be read. Where the kernel has no Landlock, no file can be
//! opened for writing at all, and so no answer can make a segment.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use landlock::{
    ABI, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
    path_beneath_rules,
};
use nix::sys::resource::{Resource, setrlimit};
use seccompiler::SeccompCmpArgLen::{Dword, Qword};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// The most address space of a process, in bytes: the simulator's log takes 20
/// MB, and the program with what describes it some 50 MB more.
const ADDRESS_SPACE: u64 = 1 << 30;

/// The most bytes in one file; the simulator's log is one.
const FILE_SIZE: u64 = 64 << 20;

/// Seconds of processor time of one simulated process; it needs milliseconds.
const SIMULATED_CPU_S: u64 = 1;

/// What ends a simulated process that has used them up.
pub(super) const OUT_OF_TIME: &str = "SIGXCPU";

/// The mode that a segment is made with, the only one that can be set.
const SEGMENT_MODE: u64 = 0o600;

/// Calls that no process of a checker needs.
const NEVER: &[i64] = &[
    // Other programs, other processes, other machines.
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_setsid,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    // Other views of the system.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_chroot,
    libc::SYS_pivot_root,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_io_uring_setup,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    // Memory and queues that outlive their makers, under no name in a file system.
    libc::SYS_shmget,
    libc::SYS_semget,
    libc::SYS_msgget,
    libc::SYS_mq_open,
    // What Landlock does not govern about files.
    libc::SYS_truncate,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_open_by_handle_at,
];

/// Calls that change which names there are: stopped where there is no Landlock.
const NAMES: &[i64] = &[
    libc::SYS_openat2,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    libc::SYS_linkat,
    libc::SYS_symlinkat,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
];

/// Calls that a process under stress no longer needs once its body begins.
const NOT_IN_BODIES: &[i64] = &[
    libc::SYS_clone,
    libc::SYS_clone3,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_setpgid,
    libc::SYS_setrlimit,
];

/// The older forms of those above, which only some machines have.
#[cfg(target_arch = "x86_64")]
mod older {
    pub const NEVER: &[i64] = &[libc::SYS_chmod, libc::SYS_chown, libc::SYS_lchown];
    pub const NAMES: &[i64] = &[
        libc::SYS_creat,
        libc::SYS_rename,
        libc::SYS_unlink,
        libc::SYS_rmdir,
        libc::SYS_link,
        libc::SYS_symlink,
        libc::SYS_mkdir,
        libc::SYS_mknod,
    ];
    pub const NOT_IN_BODIES: &[i64] = &[libc::SYS_fork, libc::SYS_vfork];
    /// Calls that open a file, with the place of their flags.
    pub const OPEN: &[(i64, u8)] = &[(libc::SYS_open, 1), (libc::SYS_openat, 2)];
}

#[cfg(not(target_arch = "x86_64"))]
mod older {
    pub const NEVER: &[i64] = &[];
    pub const NAMES: &[i64] = &[];
    pub const NOT_IN_BODIES: &[i64] = &[];
    pub const OPEN: &[(i64, u8)] = &[(libc::SYS_openat, 2)];
}

/// Calls that send a signal, all with the receiver first.
const SIGNAL: &[i64] = &[libc::SYS_kill, libc::SYS_tkill, libc::SYS_tgkill];

/// In which part of a check bodies run; processes inherit it.
static PART: AtomicU8 = AtomicU8::new(OUTSIDE);
const OUTSIDE: u8 = 0;
const STRESS: u8 = 1;
const SIMULATION: u8 = 2;
/// This process is confined already.
const CONFINED: u8 = 3;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Gives up what the checker and its processes never need. From here on, files
/// can be written below `/dev/shm` only.
///
/// # Errors
/// A sentence: the checker must not go on.
pub(super) fn enter() -> Result<(), String> {
    let limit =
        |resource, most| setrlimit(resource, most, most).map_err(|e| failed("setrlimit", e));
    limit(Resource::RLIMIT_CORE, 0)?;
    limit(Resource::RLIMIT_FSIZE, FILE_SIZE)?;
    limit(Resource::RLIMIT_AS, ADDRESS_SPACE)?;
    let governed = write_only_below(&["/dev/shm", "/dev/null"])?;
    let mut rules = always(NEVER).chain(always(older::NEVER)).collect::<Rules>();
    let other_mode = argument(1, Dword, SeccompCmpOp::Ne, SEGMENT_MODE)?;
    rules.insert(libc::SYS_fchmod, vec![other_mode]);
    if !governed {
        rules.extend(always(NAMES).chain(always(older::NAMES)));
        for (call, flags) in older::OPEN {
            rules.insert(*call, opens_for_writing(*flags)?);
        }
    }
    install(rules)?;
    PART.store(STRESS, Relaxed);
    Ok(())
}

/// Gives up making names under `/dev/shm`, which only stress sees and removes.
///
/// # Errors
/// A sentence: the checker must not go on.
pub(super) fn seal() -> Result<(), String> {
    write_only_below(&["/dev/null"])?;
    PART.store(SIMULATION, Relaxed);
    Ok(())
}

/// Processes that are started from here on are confined as under stress, but make
/// no names.
pub(super) fn back_to_stress() {
    PART.store(STRESS, Relaxed);
}

/// Confines this process to the learner's code. Cheap after the first time.
///
/// # Panics
/// Where it cannot be done: the learner's code must not run then.
pub(crate) fn confine() {
    let done = match PART.load(Relaxed) {
        // The simulator has closed standard input and stops what is not allowed.
        SIMULATION => {
            let (soft, hard) = (SIMULATED_CPU_S, SIMULATED_CPU_S + 1);
            setrlimit(Resource::RLIMIT_CPU, soft, hard).map_err(|e| failed("setrlimit", e))
        }
        STRESS => confine_worker(),
        _ => Ok(()),
    };
    PART.store(CONFINED, Relaxed);
    if let Err(sentence) = done {
        panic!("the learner's code cannot be confined: {sentence}");
    }
}

fn confine_worker() -> Result<(), String> {
    // Standard input is the socket to the runner.
    File::open("/dev/null")
        .and_then(|null| nix::unistd::dup2_stdin(null).map_err(io::Error::from))
        .map_err(|error| failed("dup2", error))?;
    let mut rules = always(NOT_IN_BODIES).chain(always(older::NOT_IN_BODIES)).collect::<Rules>();
    for call in SIGNAL {
        let to_another = argument(0, Dword, SeccompCmpOp::Ne, std::process::id().into())?;
        rules.insert(*call, vec![to_another]);
    }
    // Limits can be read; a third argument would set one.
    rules.insert(libc::SYS_prlimit64, vec![argument(2, Qword, SeccompCmpOp::Ne, 0)?]);
    install(rules)
}

/// Whether Landlock governs it.
fn write_only_below(paths: &[&str]) -> Result<bool, String> {
    let writing = AccessFs::from_write(ABI::V3);
    let restrict = || {
        let ruleset = Ruleset::default().handle_access(writing)?.create()?;
        ruleset.add_rules(path_beneath_rules(paths, writing))?.restrict_self()
    };
    let status = restrict().map_err(|error: RulesetError| failed("landlock", error))?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

fn always(calls: &[i64]) -> impl Iterator<Item = (i64, Vec<SeccompRule>)> {
    calls.iter().map(|call| (*call, Vec::new()))
}

/// Opening with any flag that can change a file.
fn opens_for_writing(flags: u8) -> Result<Vec<SeccompRule>, String> {
    let changing = [libc::O_WRONLY, libc::O_RDWR, libc::O_CREAT, libc::O_TRUNC];
    changing
        .into_iter()
        .map(|bit| {
            let bit = u64::from(bit.unsigned_abs());
            argument(flags, Dword, SeccompCmpOp::MaskedEq(bit), bit)
        })
        .collect()
}

fn argument(
    place: u8,
    width: SeccompCmpArgLen,
    compare: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, String> {
    SeccompCondition::new(place, width, compare, value)
        .and_then(|condition| SeccompRule::new(vec![condition]))
        .map_err(|error| failed("seccomp", error))
}

/// From here on, calls that `rules` match fail with EPERM.
fn install(rules: Rules) -> Result<(), String> {
    let program = || -> Result<BpfProgram, seccompiler::BackendError> {
        let errno = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let target = std::env::consts::ARCH.try_into()?;
        SeccompFilter::new(rules, SeccompAction::Allow, errno, target)?.try_into()
    };
    let program = program().map_err(|error| failed("seccomp", error))?;
    seccompiler::apply_filter(&program).map_err(|error| failed("seccomp", error))
}

fn failed(call: &str, error: impl std::fmt::Display) -> String {
    format!("{call} failed: {error}")
}
