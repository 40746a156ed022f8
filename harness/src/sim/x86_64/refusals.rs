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
pub const REFUSED_INSIDE: [(i64, u32, &str); 10] = [
    (libc::SYS_read, 1, INTO),
    (libc::SYS_pread64, 1, INTO),
    (libc::SYS_recvfrom, 1, INTO),
    (libc::SYS_write, 1, FROM),
    (libc::SYS_pwrite64, 1, FROM),
    (libc::SYS_sendto, 1, FROM),
    (libc::SYS_mprotect, 0, CHANGE),
    (libc::SYS_munmap, 0, CHANGE),
    (libc::SYS_mremap, 0, CHANGE),
    (libc::SYS_madvise, 0, CHANGE),
];

const INTO: &str = "reading a file into shared memory";
const FROM: &str = "writing shared memory to a file";
const CHANGE: &str = "changing how the shared memory is mapped";

/// Ends the execution with a sentence on system call `number`.
pub fn refuse(number: i64) -> ! {
    let always = REFUSED.iter().map(|(refused, what)| (*refused, *what));
    let inside = REFUSED_INSIDE.iter().map(|(refused, _, what)| (*refused, *what));
    let others = [
        (libc::SYS_mmap, MAPPING),
        (libc::SYS_kill, SIGNAL),
        (libc::SYS_tkill, SIGNAL),
        (libc::SYS_tgkill, SIGNAL),
    ];
    let on_id = BY_ID.iter().map(|answered| (*answered, OTHER));
    let what =
        always.chain(inside).chain(others).chain(on_id).find(|(refused, _)| *refused == number);
    match what {
        Some((_, what)) => {
            turn::refuse(&format!("{what} (system call {number}) is not emulated by the simulator"))
        }
        None => turn::refuse(&format!("system call {number} is not emulated by the simulator")),
    }
}
