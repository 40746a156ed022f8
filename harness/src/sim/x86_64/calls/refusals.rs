//! System calls that are not emulated, each with the words for what it does.
//!
//! Idea: what would leave the simulated world, or wait in it without the
//! simulator's knowledge, ends the execution with a sentence that names it.

use super::turn;

/// Calls that are always refused. Those that libc's bindings do not name yet are
/// futex_wake, futex_wait and futex_requeue of Linux 6.7.
pub const REFUSED: [(i64, &str); 34] = [
    (libc::SYS_fork, PROCESS),
    (libc::SYS_vfork, PROCESS),
    (libc::SYS_clone, PROCESS),
    (libc::SYS_clone3, PROCESS),
    (libc::SYS_execve, "running another program"),
    (libc::SYS_execveat, "running another program"),
    (libc::SYS_shmat, MAPPING),
    (libc::SYS_rt_sigqueueinfo, SIGNAL),
    (libc::SYS_rt_tgsigqueueinfo, SIGNAL),
    (libc::SYS_pidfd_send_signal, SIGNAL),
    (libc::SYS_rt_sigsuspend, "waiting for a signal"),
    (libc::SYS_rt_sigtimedwait, "waiting for a signal"),
    (libc::SYS_alarm, TIMER),
    (libc::SYS_setitimer, TIMER),
    (libc::SYS_timer_create, TIMER),
    (libc::SYS_timerfd_create, TIMER),
    (libc::SYS_ptrace, OTHER),
    (libc::SYS_process_vm_readv, OTHER),
    (libc::SYS_process_vm_writev, OTHER),
    (libc::SYS_futex_waitv, "futex_waitv"),
    (454, "futex_wake"),
    (455, "futex_wait"),
    (456, "futex_requeue"),
    (libc::SYS_semop, "waiting on a System V semaphore"),
    (libc::SYS_semtimedop, "waiting on a System V semaphore"),
    (libc::SYS_msgsnd, QUEUE),
    (libc::SYS_msgrcv, QUEUE),
    (libc::SYS_mq_timedsend, QUEUE),
    (libc::SYS_mq_timedreceive, QUEUE),
    (libc::SYS_flock, "a lock on a file"),
    (libc::SYS_epoll_wait, "waiting for files by epoll"),
    (libc::SYS_epoll_pwait, "waiting for files by epoll"),
    (libc::SYS_epoll_pwait2, "waiting for files by epoll"),
    (libc::SYS_io_uring_setup, "input and output by io_uring"),
];

const PROCESS: &str = "starting a process or a thread";
const MAPPING: &str = "mapping other shared memory";
const SIGNAL: &str = "a signal to another process";
const OTHER: &str = "a look at another process";
const TIMER: &str = "a timer that sends signals in real time";
const QUEUE: &str = "waiting on a message queue";

/// Calls whose first argument is a process or thread, which must be the caller.
pub const BY_ID: [i64; 10] = [
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_getparam,
    libc::SYS_prlimit64,
    libc::SYS_getpgid,
    libc::SYS_getsid,
    libc::SYS_setpgid,
];

/// Calls that are refused where an argument lies in the shared state: number,
/// argument, and the words.
pub const REFUSED_INSIDE: [(i64, u32, &str); 7] = [
    (libc::SYS_read, 1, INTO),
    (libc::SYS_pread64, 1, INTO),
    (libc::SYS_recvfrom, 1, INTO),
    (libc::SYS_write, 1, FROM),
    (libc::SYS_pwrite64, 1, FROM),
    (libc::SYS_sendto, 1, FROM),
    (libc::SYS_madvise, 0, CHANGE),
];

const INTO: &str = "reading a file into shared memory";
const FROM: &str = "writing shared memory to a file";
const CHANGE: &str = "changing how the shared memory is mapped";

/// Calls that are refused for some of their arguments.
const REFUSED_AT_TIMES: [(i64, &str); 7] = [
    (libc::SYS_mmap, MAPPING),
    (libc::SYS_mprotect, CHANGE),
    (libc::SYS_munmap, CHANGE),
    (libc::SYS_mremap, CHANGE),
    (libc::SYS_kill, SIGNAL),
    (libc::SYS_tkill, SIGNAL),
    (libc::SYS_tgkill, SIGNAL),
];

/// What a refused call does, in words.
fn words(number: i64) -> Option<&'static str> {
    let always = REFUSED.iter().map(|(refused, what)| (*refused, *what));
    let inside = REFUSED_INSIDE.iter().map(|(refused, _, what)| (*refused, *what));
    let on_id = BY_ID.iter().map(|answered| (*answered, OTHER));
    let mut all = always.chain(inside).chain(REFUSED_AT_TIMES).chain(on_id);
    all.find(|(refused, _)| *refused == number).map(|(_, what)| what)
}

/// Whether the simulator itself refuses system call `number`.
pub fn is_refused(number: i64) -> bool {
    words(number).is_some()
}

/// Ends the execution with a sentence on system call `number`.
pub fn refuse(number: i64) -> ! {
    let what = words(number).unwrap_or("a call of its own");
    turn::refuse(&format!("{what} (system call {number}) is not emulated by the simulator"))
}

/// Ends the execution with a sentence on system call `number`, which the scenario
/// itself does not allow ([`Scenario::confined`](crate::Scenario::confined)).
pub fn deny(number: i64) -> ! {
    let what = if FILES.contains(&number) {
        "opening, making or changing a file or its name"
    } else if NETWORK.contains(&number) {
        "making a socket"
    } else {
        "a call that no body needs"
    };
    turn::refuse(&format!("{what} (system call {number}) is not allowed here"))
}

const NETWORK: [i64; 4] =
    [libc::SYS_socket, libc::SYS_socketpair, libc::SYS_connect, libc::SYS_bind];

const FILES: [i64; 27] = [
    libc::SYS_open,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_creat,
    libc::SYS_link,
    libc::SYS_linkat,
    libc::SYS_symlink,
    libc::SYS_symlinkat,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlink,
    libc::SYS_unlinkat,
    libc::SYS_rmdir,
    libc::SYS_mkdir,
    libc::SYS_mkdirat,
    libc::SYS_mknod,
    libc::SYS_mknodat,
    libc::SYS_truncate,
    libc::SYS_ftruncate,
    libc::SYS_chmod,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_chown,
    libc::SYS_chdir,
    libc::SYS_memfd_create,
    libc::SYS_utimensat,
];
