//! What an instruction does to memory.
//!
//! Idea: each instruction that touches shared state is decoded once; its plan is kept
//! (`plan.rs`).
//! Limits: gathers, scatters, vector instructions that pack or unpack memory, those
//! with a mask in a vector register, and accesses wider than 64 bytes have no plan.

use std::cell::RefCell;

use iced_x86::{
    Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind,
    Register,
};

use super::alu::Alu;
use super::plan::{Kind, Plan, Plans};
use super::vectors;

/// The longest instruction, in bytes.
const LONGEST: usize = 15;

/// The smallest page, in bytes.
const PAGE: u64 = 4096;

/// The part of the decoder that allocates. It is made once, before the first
/// fork, so that decoding in a handler leaves the heap of the code under test as
/// it was: else addresses would depend on which instructions were known already.
pub struct Analyst(RefCell<InstructionInfoFactory>);

impl Analyst {
    /// Also builds the decoder's tables.
    pub fn new() -> Self {
        let analyst = Self(RefCell::new(InstructionInfoFactory::new()));
        // `lock add [rdi + rcx], rax`, and zeroes behind it.
        let code = [0xf0, 0x48, 0x01, 0x04, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        decode(&analyst, code.as_ptr() as u64);
        analyst
    }
}

/// The plan for the instruction at `ip`.
pub fn plan(plans: &Plans, analyst: &Analyst, ip: u64) -> Plan {
    plans.get(ip).unwrap_or_else(|| {
        let plan = decode(analyst, ip);
        plans.set(plan);
        plan
    })
}

fn decode(analyst: &Analyst, ip: u64) -> Plan {
    let instruction = fetch(ip);
    let operand = (0..instruction.op_count())
        .find(|i| instruction.op_kind(*i) == OpKind::Memory)
        .unwrap_or(0);
    let size = instruction.memory_size().size();
    let kind = if is_string(&instruction) {
        if uses_half_registers(&instruction) { Kind::Unknown } else { Kind::Strings }
    } else if is_odd(&instruction, operand, size) {
        Kind::Unknown
    } else if vectors::is_move(&instruction, operand) {
        Kind::Vector
    } else {
        simple(&instruction, operand, size)
            .unwrap_or_else(|| stepped(analyst, &instruction, operand))
    };
    let locked = instruction.has_lock_prefix() || instruction.mnemonic() == Mnemonic::Xchg;
    Plan { instruction, kind, operand, size, locked }
}

/// The instruction at `ip`, which the processor has just fetched. What follows
/// it on the next page is read only if it goes on there: nothing may be mapped.
fn fetch(ip: u64) -> Instruction {
    let in_page = (PAGE - ip % PAGE) as usize;
    let read = |len: usize| {
        // SAFETY: the caller's instruction begins here, and `len` bytes end with
        // its page or are needed to complete it.
        let bytes = unsafe { std::slice::from_raw_parts(ip as *const u8, len) };
        Decoder::with_ip(64, bytes, ip, DecoderOptions::NONE).decode()
    };
    let instruction = read(LONGEST.min(in_page));
    if instruction.is_invalid() && in_page < LONGEST { read(LONGEST) } else { instruction }
}

/// Whether it touches memory in a way that is not emulated: more than one
/// operand, or bytes that its encoding does not tell.
fn is_odd(instruction: &Instruction, operand: u32, size: usize) -> bool {
    use Mnemonic::{
        Movdir64b, Vcompresspd, Vcompressps, Vexpandpd, Vexpandps, Vpcompressb, Vpcompressd,
        Vpcompressq, Vpcompressw, Vpexpandb, Vpexpandd, Vpexpandq, Vpexpandw,
    };
    let packs = matches!(
        instruction.mnemonic(),
        Movdir64b
            | Vcompresspd
            | Vcompressps
            | Vexpandpd
            | Vexpandps
            | Vpcompressb
            | Vpcompressd
            | Vpcompressq
            | Vpcompressw
            | Vpexpandb
            | Vpexpandd
            | Vpexpandq
            | Vpexpandw
    );
    let elsewhere = instruction.op_kind(operand) != OpKind::Memory;
    elsewhere || packs || size == 0 || size > 64 || instruction.is_vsib()
}

/// The plan of an instruction that the processor carries out on a copy.
fn stepped(analyst: &Analyst, instruction: &Instruction, operand: u32) -> Kind {
    let mut factory = analyst.0.borrow_mut();
    let access = factory.info(instruction).op_access(operand);
    let masked = instruction.op_mask() != Register::None;
    let (reads, writes) = match access {
        OpAccess::Read => (true, false),
        OpAccess::Write => (false, true),
        OpAccess::ReadWrite | OpAccess::ReadCondWrite => (true, true),
        // What the mask leaves out is neither read nor written (`stepped.rs`).
        OpAccess::CondRead if masked => (true, false),
        OpAccess::CondWrite if masked => (false, true),
        // A conditional move reads in any case.
        OpAccess::CondRead if !instruction.op_register(0).is_vector_register() => (true, false),
        _ => return Kind::Unknown,
    };
    Kind::Stepped { reads, writes, base: free_base(instruction, &mut factory) }
}

/// The plan of an instruction that needs no single step.
fn simple(instruction: &Instruction, operand: u32, size: usize) -> Option<Kind> {
    let general = |i: u32| match instruction.op_kind(i) {
        OpKind::Register => instruction.op_register(i).is_gpr(),
        kind => is_immediate(kind),
    };
    let other = 1 - operand.min(1);
    if size > 8 || instruction.op_count() > 2 || instruction.op_count() == 2 && !general(other) {
        return None;
    }
    Some(match (instruction.mnemonic(), operand) {
        (Mnemonic::Mov | Mnemonic::Movzx, 1) => Kind::Load,
        (Mnemonic::Movsx | Mnemonic::Movsxd, 1) => Kind::LoadSigned,
        (Mnemonic::Mov, 0) => Kind::Store,
        (Mnemonic::Xchg, _) => Kind::Swap,
        (Mnemonic::Xadd, _) => Kind::FetchAdd,
        (Mnemonic::Cmpxchg, _) => Kind::CompareExchange,
        (mnemonic, 1) => Kind::FromMemory(Alu::of(mnemonic)?),
        (mnemonic, _) => Kind::ToMemory(Alu::of(mnemonic)?),
    })
}

fn is_immediate(kind: OpKind) -> bool {
    matches!(
        kind,
        OpKind::Immediate8
            | OpKind::Immediate16
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to16
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    )
}

/// Whether a string instruction addresses with the lower halves of its registers.
fn uses_half_registers(instruction: &Instruction) -> bool {
    let half = |i| {
        matches!(
            instruction.op_kind(i),
            OpKind::MemorySegESI
                | OpKind::MemorySegEDI
                | OpKind::MemoryESEDI
                | OpKind::MemorySegSI
                | OpKind::MemorySegDI
                | OpKind::MemoryESDI
        )
    };
    (0..instruction.op_count()).any(half)
}

/// Whether it is a string instruction: `movsd` and `cmpsd` are also the names of
/// vector instructions, which name a vector register.
fn is_string(instruction: &Instruction) -> bool {
    use Mnemonic::{
        Cmpsb, Cmpsd, Cmpsq, Cmpsw, Lodsb, Lodsd, Lodsq, Lodsw, Movsb, Movsd, Movsq, Movsw, Scasb,
        Scasd, Scasq, Scasw, Stosb, Stosd, Stosq, Stosw,
    };
    let vector =
        (0..instruction.op_count()).any(|i| instruction.op_register(i).is_vector_register());
    let copies = matches!(instruction.mnemonic(), Movsb | Movsw | Movsd | Movsq);
    let fills = matches!(instruction.mnemonic(), Stosb | Stosw | Stosd | Stosq);
    let loads = matches!(instruction.mnemonic(), Lodsb | Lodsw | Lodsd | Lodsq);
    let compares = matches!(instruction.mnemonic(), Cmpsb | Cmpsw | Cmpsd | Cmpsq);
    let scans = matches!(instruction.mnemonic(), Scasb | Scasw | Scasd | Scasq);
    !vector && (copies || fills || loads || compares || scans)
}

/// The base register of the memory operand, if the instruction uses it for
/// nothing else, so that it can be changed around the instruction: without it in
/// the address, the instruction does not use it at all.
fn free_base(instruction: &Instruction, factory: &mut InstructionInfoFactory) -> Register {
    let base = instruction.memory_base();
    let mut without = *instruction;
    without.set_memory_base(Register::None);
    let used = factory.info(&without).used_registers();
    let needed = used.iter().any(|register| register.register().full_register() == base);
    let usable = base.is_gpr64() && base != Register::RSP;
    if usable && !needed { base } else { Register::None }
}
