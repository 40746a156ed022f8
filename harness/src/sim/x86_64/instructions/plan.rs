//! What is known of instructions, for all processes and executions.

use std::cell::Cell;

use iced_x86::{Instruction, Register};

use super::alu::Alu;
use crate::random::mix;

/// How many plans are kept; a power of two.
const PLANS: usize = 4096;

/// How an instruction is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `mov`, `movzx`: memory to register.
    Load,
    /// `movsx`, `movsxd`: memory to register, with the sign.
    LoadSigned,
    /// `mov`: register or constant to memory.
    Store,
    /// Memory is the second operand: `add reg, [mem]`.
    FromMemory(Alu),
    /// Memory is the first operand: `add [mem], reg`.
    ToMemory(Alu),
    /// `xchg`, which is always one step.
    Swap,
    /// `xadd`.
    FetchAdd,
    /// `cmpxchg`.
    CompareExchange,
    /// A whole vector register from memory or to it (`vectors.rs`).
    Vector,
    /// `movs`, `stos`, `lods`, `cmps` or `scas`, repeated or not.
    Strings,
    /// Anything else: carried out by the processor on a private copy.
    Stepped {
        /// It reads memory.
        reads: bool,
        /// It writes memory.
        writes: bool,
        /// Its register that can be pointed at the copy, if there is one.
        base: Register,
    },
    /// Touches memory in a way that is not emulated.
    Unknown,
}

/// What is known of the instruction at an address.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The instruction.
    pub instruction: Instruction,
    /// How it is carried out.
    pub kind: Kind,
    /// Which operand is in memory.
    pub operand: u32,
    /// How many bytes it touches.
    pub size: usize,
    /// Whether it is one step even where it reads and writes.
    pub locked: bool,
}

/// Plans of instructions seen so far, in memory that all processes share. All zeroes
/// are no plans: an empty slot is one whose instruction has the address 0.
#[repr(C)]
pub struct Plans([Cell<Option<Plan>>; PLANS]);

impl Plans {
    /// The plan of the instruction at `ip`, if it is known.
    pub fn get(&self, ip: u64) -> Option<Plan> {
        self.slot(ip).get().filter(|plan| plan.instruction.ip() == ip)
    }

    /// Keeps a plan, in the place of another if need be.
    pub fn set(&self, plan: Plan) {
        self.slot(plan.instruction.ip()).set(Some(plan));
    }

    fn slot(&self, ip: u64) -> &Cell<Option<Plan>> {
        &self.0[mix(ip) as usize % PLANS]
    }
}
