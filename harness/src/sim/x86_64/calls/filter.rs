//! The seccomp filter of a simulated process: which system calls stop for us.
//!
//! Idea: calls that touch the shared state, time, identity or other processes
//! raise SIGSYS, whose handler answers or refuses them (`syscalls.rs`,
//! `refusals.rs`); all others go to the kernel. A call with the simulator's mark passes.
//! Source: seccomp(2), and the kernel's Documentation/userspace-api/seccomp_filter.
//! Limits: a pointer into the shared state is noticed in the arguments of `read`,
//! `write` and their kin; other calls fail with EFAULT, as the kernel says.

use libc::sock_filter;
use nix::errno::Errno;

use super::refusals::{BY_ID, REFUSED, REFUSED_INSIDE};
use super::sys;
use crate::trap;

/// Calls that always stop and are answered (`syscalls.rs`).
const ANSWERED: [i64; 28] = [
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_clock_gettime,
    libc::SYS_gettimeofday,
    libc::SYS_time,
    libc::SYS_sched_yield,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_getrandom,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_poll,
    libc::SYS_ppoll,
    libc::SYS_select,
    libc::SYS_pselect6,
    libc::SYS_pause,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_sigaltstack,
    libc::SYS_mprotect,
    libc::SYS_munmap,
    libc::SYS_mremap,
];

const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
const IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;

/// Offsets in the kernel's `seccomp_data`.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}

const AUDIT_ARCH_X86_64: u32 = 0xc000_003e;

/// A filter program under construction. Jumps go forward over a few
/// instructions, and every test ends in its own return.
struct Program(Vec<sock_filter>);

impl Program {
    fn push(&mut self, code: u16, k: u32, jt: u8, jf: u8) {
        self.0.push(sock_filter { code, jt, jf, k });
    }

    fn load(&mut self, offset: u32) {
        self.push(LOAD, offset, 0, 0);
    }

    fn stop(&mut self) {
        self.push(RETURN, libc::SECCOMP_RET_TRAP, 0, 0);
    }

    fn allow(&mut self) {
        self.push(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0);
    }

    /// Goes on if the word loaded last is `k`, else skips `over` instructions.
    fn unless_equal_skip(&mut self, k: u32, over: u8) {
        self.push(IF_EQUAL, k, 0, over);
    }
}

/// The program for a shared state at `state`, `len` bytes long.
fn program(state: u64, len: u64) -> Vec<sock_filter> {
    let mut program = Program(Vec::new());
    program.load(ARCHITECTURE);
    program.push(IF_EQUAL, AUDIT_ARCH_X86_64, 1, 0);
    program.stop();

    program.load(argument(5));
    program.unless_equal_skip(sys::MARK as u32, 3);
    program.load(argument(5) + 4);
    program.unless_equal_skip((sys::MARK >> 32) as u32, 1);
    program.allow();

    program.load(NUMBER);
    let refused = REFUSED.iter().map(|(number, _)| *number);
    let naming = trap::filter::can_make_names();
    for number in ANSWERED.into_iter().chain(BY_ID).chain(refused).chain(naming) {
        program.unless_equal_skip(number as u32, 1);
        program.stop();
    }
    mappings(&mut program);
    for (number, index, _) in REFUSED_INSIDE {
        inside(&mut program, number, index, state, len);
    }
    program.allow();
    program.0
}

/// A new mapping stops unless it has the mark of its own.
fn mappings(program: &mut Program) {
    program.unless_equal_skip(libc::SYS_mmap as u32, 4);
    program.load(argument(4) + 4);
    program.unless_equal_skip((sys::MARK >> 32) as u32, 1);
    program.allow();
    program.stop();
}

/// Call `number` stops if argument `index` points into the shared state, which
/// does not cross a multiple of 4 GiB ([`fits`]).
fn inside(program: &mut Program, number: i64, index: u32, state: u64, len: u64) {
    program.unless_equal_skip(number as u32, 7);
    program.load(argument(index) + 4);
    program.unless_equal_skip((state >> 32) as u32, 4);
    program.load(argument(index));
    program.push(IF_AT_LEAST, state as u32, 0, 2);
    program.push(IF_AT_LEAST, (state + len) as u32, 1, 0);
    program.stop();
    program.allow();
}

/// Whether a shared state here can be told from other memory by the filter.
pub fn fits(state: u64, len: u64) -> bool {
    state >> 32 == (state + len) >> 32
}

/// Installs the filter for this process and all that it will fork, for good.
///
/// # Errors
/// That of prctl(2): the kernel or a surrounding filter denies it.
pub fn install(state: u64, len: u64) -> Result<(), Errno> {
    let mut program = program(state, len);
    // A hundred or so instructions, far below the kernel's 4,096.
    let program = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    let mode = u64::from(libc::SECCOMP_MODE_FILTER);
    for arguments in [
        [libc::PR_SET_NO_NEW_PRIVS as u64, 1, 0, 0, 0],
        [libc::PR_SET_SECCOMP as u64, mode, (&raw const program) as u64, 0, 0],
    ] {
        // SAFETY: the program and its instructions live until the call returns.
        let result = unsafe { sys::call(libc::SYS_prctl, arguments) };
        if result < 0 {
            return Err(Errno::from_raw(-result as i32));
        }
    }
    Ok(())
}
