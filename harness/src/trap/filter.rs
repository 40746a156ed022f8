//! The seccomp filter: which calls are stopped.
//!
//! Idea: a straight list. First the call's number, where most calls pass; then
//! the flags of those that make a name only when asked to; then the mark; then
//! the caller's address.
//! Source: seccomp(2); the classic BPF instruction set.

use std::ops::Range;

use libc::{
    BPF_ABS, BPF_JEQ, BPF_JGE, BPF_JGT, BPF_JMP, BPF_JSET, BPF_K, BPF_LD, BPF_RET, BPF_W,
    sock_filter, sock_fprog,
};
use nix::errno::Errno;

/// In the sixth argument: a call of the handler's own. Any number that is not
/// likely to be there by chance.
pub(crate) const MARK: u64 = 0x7365_676d_656e_7473;

/// `AUDIT_ARCH_X86_64`: the numbers below are this machine's. Calls made in its
/// 32-bit modes pass.
const MACHINE: u32 = 0xc000_003e;

// Offsets in `struct seccomp_data`, little-endian.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const ADDRESS: u32 = 8;
const ARGUMENTS: u32 = 16;
const SIXTH: u32 = ARGUMENTS + 5 * 8;

/// Calls that make a name, whatever their arguments.
#[cfg(target_arch = "x86_64")]
const ALWAYS: &[i64] = &[
    libc::SYS_creat,
    libc::SYS_link,
    libc::SYS_linkat,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
];

/// Calls that make a name with `O_CREAT`, and which argument holds the flags.
#[cfg(target_arch = "x86_64")]
const IF_ASKED: &[(i64, u32)] = &[(libc::SYS_open, 1), (libc::SYS_openat, 2)];

#[cfg(not(target_arch = "x86_64"))]
const ALWAYS: &[i64] = &[];
#[cfg(not(target_arch = "x86_64"))]
const IF_ASKED: &[(i64, u32)] = &[];

/// All calls that can make a name.
#[cfg(target_arch = "x86_64")]
pub(crate) fn can_make_names() -> impl Iterator<Item = i64> {
    ALWAYS.iter().copied().chain(IF_ASKED.iter().map(|(number, _)| *number))
}

/// More ranges than this are not looked at: jumps go 255 instructions at most.
const MOST_RANGES: usize = 32;

/// The filter for a process whose code lies at `code`.
pub(super) fn program(code: &[Range<u64>]) -> Vec<sock_filter> {
    // Where the second part begins depends on the first part's length alone.
    let second = first_part(0).len();
    let mut program = first_part(second);
    program.extend(second_part(code));
    program
}

/// By number and flags: passes, or jumps to instruction `suspect`.
fn first_part(suspect: usize) -> Vec<sock_filter> {
    let mut program = vec![load(ARCHITECTURE), skip_if(BPF_JEQ, MACHINE, 1, 0), allow()];
    program.push(load(NUMBER));
    for number in ALWAYS {
        let ahead = ahead(suspect, program.len());
        program.push(skip_if(BPF_JEQ, *number as u32, ahead, 0));
    }
    for (number, flags) in IF_ASKED {
        program.push(skip_if(BPF_JEQ, *number as u32, 0, 3));
        program.push(load(ARGUMENTS + flags * 8));
        let ahead = ahead(suspect, program.len());
        program.push(skip_if(BPF_JSET, libc::O_CREAT as u32, ahead, 0));
        program.push(allow());
    }
    program.push(allow());
    program
}

fn ahead(target: usize, here: usize) -> u8 {
    u8::try_from(target.saturating_sub(here + 1)).expect("the first part is short")
}

/// By mark and address: stops what comes from `code` without the mark.
fn second_part(code: &[Range<u64>]) -> Vec<sock_filter> {
    let mut program = vec![
        load(SIXTH),
        skip_if(BPF_JEQ, MARK as u32, 0, 3),
        load(SIXTH + 4),
        skip_if(BPF_JEQ, (MARK >> 32) as u32, 0, 1),
        allow(),
    ];
    for range in code.iter().filter(|range| !range.is_empty()).take(MOST_RANGES) {
        let (first, last) = (range.start, range.end - 1);
        // Code does not cross a 4 GiB border in practice; what does is cut there.
        let last = last.min(first | u64::from(u32::MAX));
        program.extend([
            load(ADDRESS + 4),
            skip_if(BPF_JEQ, (first >> 32) as u32, 0, 4),
            load(ADDRESS),
            skip_if(BPF_JGE, first as u32, 0, 2),
            skip_if(BPF_JGT, last as u32, 1, 0),
            answer(libc::SECCOMP_RET_TRAP),
        ]);
    }
    program.push(allow());
    program
}

fn load(offset: u32) -> sock_filter {
    instruction(BPF_LD | BPF_W | BPF_ABS, offset, 0, 0)
}

/// Skips `yes` instructions where the loaded word compares so, `no` otherwise.
fn skip_if(compare: u32, with: u32, yes: u8, no: u8) -> sock_filter {
    instruction(BPF_JMP | compare | BPF_K, with, yes, no)
}

fn allow() -> sock_filter {
    answer(libc::SECCOMP_RET_ALLOW)
}

fn answer(action: u32) -> sock_filter {
    instruction(BPF_RET | BPF_K, action, 0, 0)
}

fn instruction(code: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code: code as u16, jt, jf, k }
}

/// Whether the kernel has filters that trap.
pub(super) fn available() -> bool {
    let action = libc::SECCOMP_RET_TRAP;
    // SAFETY: the kernel reads the action, which is ours for the length of the call.
    let answer = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_ACTION_AVAIL, 0, &raw const action)
    };
    answer == 0
}

/// Installs `program` in this process; it cannot be taken off again.
pub(super) fn install(program: &[sock_filter]) -> Result<(), Errno> {
    let len = program.len().try_into().map_err(|_| Errno::EINVAL)?;
    let program = sock_fprog { len, filter: program.as_ptr().cast_mut() };
    // Without this flag some kernels make all of the process slower.
    let flags = libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    // SAFETY: the kernel copies the program, which is borrowed for the call.
    let installed = unsafe {
        libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program)
    };
    Errno::result(installed).map(drop)
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    const CODE: [Range<u64>; 2] = [0x5555_0000_1000..0x5555_0000_2000, 0x7fff_1000..0x7fff_3000];

    struct Call {
        number: i64,
        arguments: [u64; 6],
        address: u64,
        machine: u32,
    }

    fn call(number: i64, arguments: [u64; 6]) -> Call {
        Call { number, arguments, address: CODE[0].start, machine: MACHINE }
    }

    /// What the filter answers, by a small interpreter of the instructions used.
    fn stopped(call: &Call) -> bool {
        let mut data = Vec::new();
        data.extend((call.number as u32).to_le_bytes());
        data.extend(call.machine.to_le_bytes());
        data.extend(call.address.to_le_bytes());
        call.arguments.iter().for_each(|argument| data.extend(argument.to_le_bytes()));
        let (program, mut at, mut word) = (program(&CODE), 0, 0);
        loop {
            let instruction = program[at];
            let (code, k) = (u32::from(instruction.code), instruction.k);
            let jump = |yes: bool| usize::from(if yes { instruction.jt } else { instruction.jf });
            at += 1;
            match code & !BPF_K {
                load if load == BPF_LD | BPF_W | BPF_ABS => {
                    let bytes = &data[k as usize..k as usize + 4];
                    word = u32::from_le_bytes(bytes.try_into().expect("four bytes"));
                }
                jump_if if jump_if == BPF_JMP | BPF_JEQ => at += jump(word == k),
                jump_if if jump_if == BPF_JMP | BPF_JGE => at += jump(word >= k),
                jump_if if jump_if == BPF_JMP | BPF_JGT => at += jump(word > k),
                jump_if if jump_if == BPF_JMP | BPF_JSET => at += jump(word & k != 0),
                _ => return k == libc::SECCOMP_RET_TRAP,
            }
        }
    }

    const CREATE: u64 = libc::O_CREAT as u64;

    #[test]
    fn calls_that_make_names_are_stopped() {
        for number in ALWAYS {
            assert!(stopped(&call(*number, [0; 6])), "{number}");
        }
        assert!(stopped(&call(libc::SYS_openat, [0, 0, CREATE, 0, 0, 0])));
        assert!(stopped(&call(libc::SYS_open, [0, CREATE, 0, 0, 0, 0])));
    }

    #[test]
    fn other_calls_pass() {
        for number in [libc::SYS_futex, libc::SYS_read, libc::SYS_unlink, libc::SYS_exit] {
            assert!(!stopped(&call(number, [u64::MAX, u64::MAX, u64::MAX, 0, 0, 0])), "{number}");
        }
        assert!(!stopped(&call(libc::SYS_openat, [0; 6])), "nothing is created");
        assert!(!stopped(&call(libc::SYS_open, [0, 0, CREATE, 0, 0, 0])), "that is the mode");
    }

    #[test]
    fn marked_call_passes() {
        let marked = |mark| call(libc::SYS_creat, [0, 0, 0, 0, 0, mark]);
        assert!(!stopped(&marked(MARK)));
        assert!(stopped(&marked(MARK ^ 1)));
        assert!(stopped(&marked(MARK ^ (1 << 63))));
    }

    #[test]
    fn only_calls_from_own_code_are_stopped() {
        let from = |address| stopped(&Call { address, ..call(libc::SYS_creat, [0; 6]) });
        for range in CODE {
            assert!(from(range.start) && from(range.end - 1), "{range:x?}");
            assert!(!from(range.start - 1) && !from(range.end), "{range:x?}");
        }
        assert!(!from(CODE[0].start + (1 << 32)), "the same low half");
    }

    #[test]
    fn other_machines_calls_pass() {
        assert!(!stopped(&Call { machine: 0x4000_0003, ..call(libc::SYS_creat, [0; 6]) }));
    }
}
