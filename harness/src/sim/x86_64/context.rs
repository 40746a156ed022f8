//! The registers of an interrupted process, as its signal handler may change them.
//!
//! Source: the `ucontext_t` of x86-64 Linux, sigaction(2); its extended state in
//! the kernel's uapi/asm/sigcontext.h and Intel SDM volume 1, chapter 13.

use std::cell::Cell;
use std::ptr::NonNull;

use iced_x86::Register;
use libc::{REG_EFL, REG_R8, REG_RIP};

/// The trap flag: a SIGTRAP follows the next instruction.
const TRAP_FLAG: u64 = 1 << 8;

/// Where the saved floating-point state says whether more than the oldest part
/// of it is there, and the number that says so.
const EXTENDED: usize = 464;
const MAGIC: u32 = 0x4650_5853;

/// Where it says which components have room in the frame.
const SAVED: usize = EXTENDED + 8;

/// Where it says which components are not all zeroes, and which of them holds
/// the mask registers.
const PRESENT: usize = 512;
const MASKS: u32 = 5;

/// The registers of the interrupted code.
#[derive(Clone, Copy)]
pub struct Context<'a>(&'a Cell<libc::ucontext_t>);

impl<'a> Context<'a> {
    /// # Safety
    /// `context` must be the third argument of a signal handler installed with
    /// `SA_SIGINFO`, and is borrowed until the handler returns.
    pub unsafe fn new(context: *mut libc::c_void) -> Self {
        // SAFETY: the caller's promise; the kernel put a `ucontext_t` there, and
        // only such views refer to it while the handler runs.
        Self(unsafe { &*context.cast() })
    }

    /// Where it lies, for another view of the same.
    pub fn place(&self) -> NonNull<libc::c_void> {
        NonNull::from(self.0).cast()
    }

    /// The general registers and the instruction pointer.
    pub fn general(&self) -> impl Iterator<Item = u64> {
        (REG_R8..=REG_RIP).map(|index| self.read(index))
    }

    /// Where register `index` is kept.
    fn slot(&self, index: i32) -> *mut i64 {
        // SAFETY: the field is within the `ucontext_t`, which is borrowed.
        let slots = unsafe { &raw mut (*self.0.as_ptr()).uc_mcontext.gregs };
        // The indices are constants of libc, all below the array's 23.
        slots.cast::<i64>().wrapping_add(index as usize)
    }

    fn write(&self, index: i32, value: u64) {
        // SAFETY: `slot` is valid, and the one thread of the process is here.
        unsafe { self.slot(index).write(value as i64) };
    }

    fn read(&self, index: i32) -> u64 {
        // SAFETY: as in `write`.
        unsafe { self.slot(index).read() as u64 }
    }

    fn saved_state(&self) -> *mut u8 {
        // SAFETY: the field is within the `ucontext_t`, which is borrowed.
        unsafe { (*self.0.as_ptr()).uc_mcontext.fpregs }.cast()
    }

    /// The instruction pointer.
    pub fn ip(&self) -> u64 {
        self.read(REG_RIP)
    }

    /// Goes on at `ip`.
    pub fn set_ip(&mut self, ip: u64) {
        self.write(REG_RIP, ip);
    }

    /// The flags register.
    pub fn flags(&self) -> u64 {
        self.read(REG_EFL)
    }

    /// Replaces the flags register.
    pub fn set_flags(&mut self, flags: u64) {
        self.write(REG_EFL, flags);
    }

    /// Asks for a SIGTRAP after the next instruction, or no longer.
    pub fn trap(&mut self, on: bool) {
        let flags = self.flags() & !TRAP_FLAG;
        self.set_flags(if on { flags | TRAP_FLAG } else { flags });
    }

    /// A general register, or the part of one that `register` names; segment
    /// bases count as zero, since shared state is never addressed through them.
    pub fn get(&self, register: Register) -> u64 {
        let Some(index) = index(register) else { return 0 };
        let whole = self.read(index);
        if is_high_byte(register) {
            return whole >> 8 & 0xff;
        }
        match register.size() {
            1 => whole & 0xff,
            2 => whole & 0xffff,
            4 => whole & 0xffff_ffff,
            _ => whole,
        }
    }

    /// Writes a general register, or a part of one: a 32-bit write clears the
    /// upper half, smaller ones keep the rest.
    pub fn set(&mut self, register: Register, value: u64) {
        let Some(index) = index(register) else { return };
        let whole = self.read(index);
        let merged = if is_high_byte(register) {
            whole & !0xff00 | (value & 0xff) << 8
        } else {
            match register.size() {
                1 => whole & !0xff | value & 0xff,
                2 => whole & !0xffff | value & 0xffff,
                4 => value & 0xffff_ffff,
                _ => value,
            }
        };
        self.write(index, merged);
    }

    /// The mask register `mask`; all zeroes where the processor has none.
    pub fn opmask(&self, mask: Register) -> u64 {
        if !self.is_present(MASKS) {
            return 0;
        }
        let number = mask as usize - Register::K0 as usize;
        let start = core::arch::x86_64::__cpuid_count(0xd, MASKS).ebx as usize;
        let mut bytes = [0; 8];
        self.read_saved(start + 8 * number, &mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Whether component `number` of the extended state has room in the frame.
    pub fn saves(&self, number: u32) -> bool {
        // The magic number is the lower half of its word.
        self.saved_word(EXTENDED) as u32 == MAGIC && self.saved_word(SAVED) >> number & 1 == 1
    }

    /// Whether it is there: one that is not is all zeroes.
    pub fn is_present(&self, number: u32) -> bool {
        self.saves(number) && self.saved_word(PRESENT) >> number & 1 == 1
    }

    /// Makes it be there, with the bytes that are in the frame; it has room.
    pub fn make_present(&mut self, number: u32) {
        let present = self.saved_word(PRESENT) | 1 << number;
        self.write_saved(PRESENT, &present.to_le_bytes());
    }

    fn saved_word(&self, offset: usize) -> u64 {
        let mut bytes = [0; 8];
        self.read_saved(offset, &mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Reads the saved state at `offset`, within its oldest part or a component
    /// that has room.
    pub fn read_saved(&self, offset: usize, to: &mut [u8]) {
        let from = self.saved_state().wrapping_add(offset);
        // SAFETY: the kernel saved the processor's extended state there, in the
        // standard format; the range is within it, as the caller has made sure.
        unsafe { from.copy_to_nonoverlapping(to.as_mut_ptr(), to.len()) };
    }

    /// Writes it; the process goes on with it once the handler returns.
    pub fn write_saved(&mut self, offset: usize, from: &[u8]) {
        let to = self.saved_state().wrapping_add(offset);
        // SAFETY: as in `read_saved`; the frame is this handler's to change.
        unsafe { to.copy_from_nonoverlapping(from.as_ptr(), from.len()) };
    }

    /// The signals that the interrupted code blocks.
    pub fn blocked_signals(&self) -> u64 {
        // SAFETY: as in `write`.
        let mask = unsafe { &raw const (*self.0.as_ptr()).uc_sigmask }.cast::<u64>();
        // SAFETY: the kernel put its mask of 8 bytes where glibc's longer one begins.
        unsafe { mask.read() }
    }

    /// Replaces them, once the handler returns.
    pub fn block_signals(&mut self, mask: u64) {
        // SAFETY: as in `write`.
        let to = unsafe { &raw mut (*self.0.as_ptr()).uc_sigmask }.cast::<u64>();
        // SAFETY: as in `blocked_signals`.
        unsafe { to.write(mask) };
    }

    /// The number and arguments of the system call that was stopped.
    pub fn system_call(&self) -> (i64, [u64; 6]) {
        use Register::{R8, R9, R10, RAX, RDI, RDX, RSI};
        let arguments = [RDI, RSI, RDX, R10, R8, R9].map(|register| self.get(register));
        (self.get(RAX) as i64, arguments)
    }

    /// What the system call returns.
    pub fn set_result(&mut self, result: i64) {
        self.set(Register::RAX, result as u64);
    }
}

fn is_high_byte(register: Register) -> bool {
    matches!(register, Register::AH | Register::BH | Register::CH | Register::DH)
}

/// The index of the whole register among the saved ones.
fn index(register: Register) -> Option<i32> {
    use libc::{REG_RAX, REG_RBP, REG_RBX, REG_RCX, REG_RDI, REG_RDX, REG_RSI, REG_RSP};
    Some(match register.full_register() {
        Register::RAX => REG_RAX,
        Register::RBX => REG_RBX,
        Register::RCX => REG_RCX,
        Register::RDX => REG_RDX,
        Register::RSI => REG_RSI,
        Register::RDI => REG_RDI,
        Register::RBP => REG_RBP,
        Register::RSP => REG_RSP,
        Register::RIP => REG_RIP,
        // R8 to R15 lie in a row in both numberings.
        other if (Register::R8..=Register::R15).contains(&other) => {
            REG_R8 + (other as i32 - Register::R8 as i32)
        }
        _ => return None,
    })
}
