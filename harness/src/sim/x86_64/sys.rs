//! System calls of the simulator's own, made inside simulated processes.
//!
//! Idea: the filter (`filter.rs`) lets a call pass that carries [`MARK`] in its
//! sixth argument, which none of the calls made here uses. A body can forge the
//! mark on purpose, not by accident.
//! Source: syscall(2), futex(2).

use std::arch::asm;
use std::sync::atomic::AtomicU32;

/// The sixth argument of a call that is the simulator's own, or that of the log
/// of names (`trap/`), whose calls pass as well.
pub const MARK: u64 = crate::trap::filter::MARK;

/// Makes system call `number` with five arguments and the mark. A negative
/// result is an error number.
///
/// # Safety
/// As the call itself demands of its arguments.
pub unsafe fn call(number: i64, arguments: [u64; 5]) -> i64 {
    let result;
    // SAFETY: the kernel clobbers rax, rcx and r11 and nothing else; what the
    // call does with its arguments is the caller's concern.
    unsafe {
        asm!(
            "syscall",
            // The next call of the code under test must not carry the mark.
            "xor r9d, r9d",
            inlateout("rax") number => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            in("r8") arguments[4],
            inlateout("r9") MARK => _,
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// `mmap` with all its six arguments: the mark is in the upper half of the fifth,
/// the descriptor, which the kernel does not look at.
///
/// # Safety
/// As mmap(2) demands.
pub unsafe fn map(arguments: [u64; 6]) -> i64 {
    let descriptor = arguments[4] & 0xffff_ffff | MARK & !0xffff_ffff;
    let result;
    // SAFETY: as in `call`.
    unsafe {
        asm!(
            "syscall",
            // The next call of the code under test must not carry the mark.
            "xor r8d, r8d",
            inlateout("rax") libc::SYS_mmap => result,
            in("rdi") arguments[0],
            in("rsi") arguments[1],
            in("rdx") arguments[2],
            in("r10") arguments[3],
            inlateout("r8") descriptor => _,
            in("r9") arguments[5],
            lateout("rcx") _,
            lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// Waits until `word` is woken, if it still holds `value`; may return early.
pub fn futex_wait(word: &AtomicU32, value: u32) {
    let address = word.as_ptr() as u64;
    // SAFETY: the word is valid for as long as the borrow; no timeout is passed.
    unsafe { call(libc::SYS_futex, [address, libc::FUTEX_WAIT as u64, value.into(), 0, 0]) };
}

/// As [`futex_wait`], for at most `timeout_ms`.
pub fn futex_wait_for(word: &AtomicU32, value: u32, timeout_ms: u64) {
    let timeout = libc::timespec {
        tv_sec: (timeout_ms / 1000) as i64,
        tv_nsec: (timeout_ms % 1000 * 1_000_000) as i64,
    };
    let arguments = [
        word.as_ptr() as u64,
        libc::FUTEX_WAIT as u64,
        value.into(),
        (&raw const timeout) as u64,
        0,
    ];
    // SAFETY: the word and the timeout are valid until the call returns.
    unsafe { call(libc::SYS_futex, arguments) };
}

/// Wakes one process that waits on `word`.
pub fn futex_wake(word: &AtomicU32) {
    // SAFETY: a wake dereferences nothing.
    unsafe { call(libc::SYS_futex, [word.as_ptr() as u64, libc::FUTEX_WAKE as u64, 1, 0, 0]) };
}

/// Whether the 8 bytes at `address` can be read.
pub fn readable(address: u64) -> bool {
    // To the kernel, the null pointer is no mask at all.
    if address == 0 {
        return false;
    }
    // The kernel reads the mask first, and then does not know what to do with it.
    let arguments = [u64::MAX, address, 0, 8, 0];
    // SAFETY: an unknown request changes nothing.
    let result = unsafe { call(libc::SYS_rt_sigprocmask, arguments) };
    result != -i64::from(libc::EFAULT)
}

/// Sends `signal` to process `pid`; returns what kill(2) does.
pub fn kill(pid: i32, signal: i32) -> i64 {
    // SAFETY: signals touch no memory of ours. Both numbers fit their registers
    // by sign extension, as the kernel expects.
    unsafe { call(libc::SYS_kill, [pid as u64, signal as u64, 0, 0, 0]) }
}

/// Ties this process to its parent, which was `parent` before it was forked: it
/// dies with it.
pub fn die_with(parent: i32) {
    let arguments = [libc::PR_SET_PDEATHSIG as u64, libc::SIGKILL as u64, 0, 0, 0];
    // SAFETY: no memory is touched.
    unsafe { call(libc::SYS_prctl, arguments) };
    // SAFETY: it takes no argument and cannot fail.
    let now = unsafe { call(libc::SYS_getppid, [0; 5]) };
    if now != i64::from(parent) {
        // The parent died before the line above, and nobody is left to tell.
        leave(1);
    }
}

/// The real process ID.
pub fn pid() -> i32 {
    // SAFETY: it takes no argument and cannot fail.
    unsafe { call(libc::SYS_getpid, [0; 5]) as i32 }
}

/// Ends this process at once: nothing is flushed, no handler runs.
pub fn leave(status: i32) -> ! {
    loop {
        // SAFETY: it does not return.
        unsafe { call(libc::SYS_exit_group, [status as u64, 0, 0, 0, 0]) };
    }
}

/// Ends this process by `signal`, whose handler is gone or cannot exist.
pub fn leave_by(signal: i32) -> ! {
    kill(pid(), signal);
    leave(255)
}
