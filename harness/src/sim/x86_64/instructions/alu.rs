//! Arithmetic with flags, carried out by the processor itself.
//!
//! Idea: an instruction such as `add [mem], 1` is made of a load, an addition
//! and a store. The addition runs here in registers, with the interrupted code's
//! flags before it and the new ones kept.
//! Limits: the operations that compilers use on memory; others are single-stepped.

use std::arch::asm;

use iced_x86::Mnemonic;

/// Carry, parity, adjust, zero, sign and overflow.
pub const STATUS: u64 = 0x8d5;

/// The carry flag.
const CARRY: u64 = 1;

/// An operation on two operands of 1, 2, 4 or 8 bytes; those with one ignore the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Alu {
    /// Adds.
    Add,
    /// Adds with carry.
    Adc,
    /// Subtracts.
    Sub,
    /// Subtracts with borrow.
    Sbb,
    /// Bits in both.
    And,
    /// Bits in either.
    Or,
    /// Bits in one.
    Xor,
    /// As `Sub`, for the flags only.
    Cmp,
    /// As `And`, for the flags only.
    Test,
    /// Adds one.
    Inc,
    /// Subtracts one.
    Dec,
    /// Negates.
    Neg,
    /// Inverts all bits.
    Not,
    /// Tests a bit, whose number is the second operand.
    BitTest,
    /// Tests a bit and sets it.
    BitSet,
    /// Tests a bit and clears it.
    BitReset,
    /// Tests a bit and inverts it.
    BitComplement,
}

impl Alu {
    /// The operation of an instruction, if it is one of these.
    pub fn of(mnemonic: Mnemonic) -> Option<Self> {
        Some(match mnemonic {
            Mnemonic::Add => Self::Add,
            Mnemonic::Adc => Self::Adc,
            Mnemonic::Sub => Self::Sub,
            Mnemonic::Sbb => Self::Sbb,
            Mnemonic::And => Self::And,
            Mnemonic::Or => Self::Or,
            Mnemonic::Xor => Self::Xor,
            Mnemonic::Cmp => Self::Cmp,
            Mnemonic::Test => Self::Test,
            Mnemonic::Inc => Self::Inc,
            Mnemonic::Dec => Self::Dec,
            Mnemonic::Neg => Self::Neg,
            Mnemonic::Not => Self::Not,
            Mnemonic::Bt => Self::BitTest,
            Mnemonic::Bts => Self::BitSet,
            Mnemonic::Btr => Self::BitReset,
            Mnemonic::Btc => Self::BitComplement,
            _ => return None,
        })
    }

    /// Whether only the flags change.
    pub fn only_flags(self) -> bool {
        matches!(self, Self::Cmp | Self::Test | Self::BitTest)
    }

    /// Whether the second operand is the number of a bit, which in memory may lie
    /// beyond the first.
    pub fn is_bit(self) -> bool {
        matches!(self, Self::BitTest | Self::BitSet | Self::BitReset | Self::BitComplement)
    }

    /// The result and the flags of `a op b` on the low `size` bytes.
    pub fn apply(self, size: usize, a: u64, b: u64, flags: u64) -> (u64, u64) {
        let (result, changed) = match self {
            Self::Add => add(size, a, b, flags),
            Self::Adc => adc(size, a, b, flags),
            Self::Sub => sub(size, a, b, flags),
            Self::Sbb => sbb(size, a, b, flags),
            Self::And => and(size, a, b, flags),
            Self::Or => or(size, a, b, flags),
            Self::Xor => xor(size, a, b, flags),
            Self::Cmp => (a, sub(size, a, b, flags).1),
            Self::Test => (a, and(size, a, b, flags).1),
            // Carry is left alone by these two; so it is put back.
            Self::Inc => keep_carry(add(size, a, 1, flags), flags),
            Self::Dec => keep_carry(sub(size, a, 1, flags), flags),
            Self::Neg => sub(size, 0, a, flags),
            Self::Not => (!a, flags),
            Self::BitTest => bit(size, a, b, flags, |a, _| a),
            Self::BitSet => bit(size, a, b, flags, |a, bit| a | bit),
            Self::BitReset => bit(size, a, b, flags, |a, bit| a & !bit),
            Self::BitComplement => bit(size, a, b, flags, |a, bit| a ^ bit),
        };
        (result, flags & !STATUS | changed & STATUS)
    }
}

fn keep_carry((result, changed): (u64, u64), flags: u64) -> (u64, u64) {
    (result, changed & !CARRY | flags & CARRY)
}

/// The bit goes into the carry flag; the other flags stay.
fn bit(size: usize, a: u64, b: u64, flags: u64, change: fn(u64, u64) -> u64) -> (u64, u64) {
    let number = b % (8 * size as u64);
    (change(a, 1 << number), flags & !CARRY | a >> number & CARRY)
}

/// `op a, b` for each size, between loading and saving the flags.
macro_rules! operations {
    ($($name:ident),+) => {$(
        fn $name(size: usize, a: u64, b: u64, flags: u64) -> (u64, u64) {
            // Only the status bits: never the trap flag of the interrupted code.
            let mut saved = flags & STATUS;
            let mut result = a;
            match size {
                1 => {
                    let mut low = a as u8;
                    // SAFETY: registers and the stack below are all it touches.
                    unsafe {
                        asm!("push {f}", "popfq", concat!(stringify!($name), " {a}, {b}"),
                            "pushfq", "pop {f}", f = inout(reg) saved,
                            a = inout(reg_byte) low, b = in(reg_byte) b as u8);
                    }
                    result = low.into();
                }
                2 => {
                    // SAFETY: as above.
                    unsafe {
                        asm!("push {f}", "popfq", concat!(stringify!($name), " {a:x}, {b:x}"),
                            "pushfq", "pop {f}", f = inout(reg) saved,
                            a = inout(reg) result, b = in(reg) b);
                    }
                    result &= 0xffff;
                }
                4 => {
                    // SAFETY: as above.
                    unsafe {
                        asm!("push {f}", "popfq", concat!(stringify!($name), " {a:e}, {b:e}"),
                            "pushfq", "pop {f}", f = inout(reg) saved,
                            a = inout(reg) result, b = in(reg) b);
                    }
                    result &= 0xffff_ffff;
                }
                _ => {
                    // SAFETY: as above.
                    unsafe {
                        asm!("push {f}", "popfq", concat!(stringify!($name), " {a}, {b}"),
                            "pushfq", "pop {f}", f = inout(reg) saved,
                            a = inout(reg) result, b = in(reg) b);
                    }
                }
            }
            (result, saved)
        }
    )+};
}

operations!(add, adc, sub, sbb, and, or, xor);

#[cfg(test)]
mod tests {
    use super::*;

    const ZERO: u64 = 1 << 6;
    const SIGN: u64 = 1 << 7;
    const OVERFLOW: u64 = 1 << 11;

    #[test]
    fn results_and_flags_are_those_of_the_size() {
        for (op, size, a, b, before, result, flags) in [
            (Alu::Add, 1, 0xff, 1, 0, 0, CARRY | ZERO),
            (Alu::Add, 4, 0xffff_ffff, 1, 0, 0, CARRY | ZERO),
            (Alu::Add, 8, 0xffff_ffff, 1, 0, 0x1_0000_0000, 0),
            (Alu::Adc, 2, 1, 1, CARRY, 3, 0),
            (Alu::Sbb, 8, 5, 3, CARRY, 1, 0),
            (Alu::Sub, 4, 3, 5, 0, 0xffff_fffe, CARRY | SIGN),
            (Alu::Cmp, 4, 5, 5, 0, 5, ZERO),
            (Alu::Test, 1, 0x80, 0x80, CARRY, 0x80, SIGN),
            (Alu::Inc, 4, 0x7fff_ffff, 0, CARRY, 0x8000_0000, CARRY | SIGN | OVERFLOW),
            (Alu::Dec, 8, 1, 0, 0, 0, ZERO),
            (Alu::Neg, 4, 1, 0, 0, 0xffff_ffff, CARRY | SIGN),
            (Alu::BitSet, 2, 1, 17, ZERO | CARRY, 3, ZERO),
            (Alu::BitReset, 8, 1 << 63, 63, 0, 0, CARRY),
            (Alu::BitComplement, 4, 0, 31, CARRY, 1 << 31, 0),
            (Alu::BitTest, 1, 4, 2, SIGN, 4, SIGN | CARRY),
        ] {
            let (found, found_flags) = op.apply(size, a, b, before);
            let shown = CARRY | ZERO | SIGN | OVERFLOW;
            assert_eq!((found, found_flags & shown), (result, flags), "{op:?} {size} {a:x} {b:x}");
        }
    }
}
