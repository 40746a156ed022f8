//! String instructions: `movs`, `stos`, `lods`, `cmps`, `scas`, repeated or not.
//!
//! Idea: a repeated copy is a loop; what the hardware does in one go is no more
//! than 8 bytes, so each round of the loop is at most that. The registers are
//! kept current after each, as for an interrupted instruction.
//! Limits: copies run 8 bytes at a time where the elements are smaller and the
//! operands do not overlap within 8 bytes, as fast-string microcode does.

use iced_x86::{Mnemonic, Register};

use super::alu::Alu;
use super::plan::Plan;
use super::{Context, World, crash, step};

/// The direction flag: addresses go down.
const DOWN: u64 = 1 << 10;
const ZERO: u64 = 1 << 6;

/// Carries out a string instruction, all of its repetitions.
pub fn carry_out(world: &World, context: &mut Context, plan: &Plan) {
    let instruction = &plan.instruction;
    let size = instruction.memory_size().size().max(1);
    let repeated = instruction.has_rep_prefix() || instruction.has_repne_prefix();
    let mut count = if repeated { context.get(Register::RCX) } else { 1 };
    let down = context.flags() & DOWN != 0;
    while count > 0 {
        let elements =
            if down { 1 } else { at_once(world, context, instruction.mnemonic(), size, count) };
        let len = size * elements;
        let goes_on = round(world, context, plan, size, len);
        let advance = if down { (len as u64).wrapping_neg() } else { len as u64 };
        for register in moving(instruction.mnemonic()) {
            context.set(*register, context.get(*register).wrapping_add(advance));
        }
        count -= elements as u64;
        if repeated {
            context.set(Register::RCX, count);
        }
        if !goes_on {
            break;
        }
    }
    context.set_ip(instruction.next_ip());
}

/// How many elements the next round takes: as many as fit into the 8 aligned
/// bytes that it writes to, and none beyond the end of the shared state.
fn at_once(world: &World, context: &Context, mnemonic: Mnemonic, size: usize, count: u64) -> usize {
    let (source, target) = (context.get(Register::RSI), context.get(Register::RDI));
    let copies = is_copy(mnemonic) && source.abs_diff(target) >= 8;
    if !copies && !is_fill(mnemonic) || size >= 8 {
        return 1;
    }
    let to_boundary = 8 - target as usize % 8;
    let to_end =
        if copies { left(world, source).min(left(world, target)) } else { left(world, target) };
    let most = (to_boundary.min(to_end) / size).max(1);
    most.min(usize::try_from(count).unwrap_or(most))
}

/// How many bytes there are from `address` to the end of the shared state; as
/// many as can be where it lies elsewhere.
fn left(world: &World, address: u64) -> usize {
    world.offset(address).map_or(usize::MAX, |offset| world.len - offset as usize)
}

/// One round; returns whether a repetition goes on.
fn round(world: &World, context: &mut Context, plan: &Plan, size: usize, len: usize) -> bool {
    let (source, target) = (context.get(Register::RSI), context.get(Register::RDI));
    let mnemonic = plan.instruction.mnemonic();
    let mut bytes = [0; 8];
    let bytes = &mut bytes[..len];
    if is_copy(mnemonic) {
        read(world, context, source, bytes);
        write(world, context, target, bytes);
        return true;
    }
    let accumulator = context.get(Register::RAX).to_le_bytes();
    if is_fill(mnemonic) {
        for element in bytes.chunks_mut(size) {
            element.copy_from_slice(&accumulator[..size]);
        }
        write(world, context, target, bytes);
        return true;
    }
    if is_load(mnemonic) {
        read(world, context, source, bytes);
        let mut merged = accumulator;
        merged[..len].copy_from_slice(bytes);
        // A 32-bit load clears the upper half.
        let value = u64::from_le_bytes(merged);
        context.set(Register::RAX, if len == 4 { value & 0xffff_ffff } else { value });
        return true;
    }
    let mut other = [0; 8];
    let a = if is_scan(mnemonic) {
        other[..len].copy_from_slice(&accumulator[..len]);
        u64::from_le_bytes(other)
    } else {
        read(world, context, source, &mut other[..len]);
        u64::from_le_bytes(other)
    };
    let mut b = [0; 8];
    read(world, context, target, &mut b[..len]);
    let (_, flags) = Alu::Cmp.apply(size, a, u64::from_le_bytes(b), context.flags());
    context.set_flags(flags);
    let equal = flags & ZERO != 0;
    if plan.instruction.has_repne_prefix() { !equal } else { equal }
}

fn read(world: &World, context: &Context, address: u64, to: &mut [u8]) {
    if let Some(offset) = inside(world, context, address, to.len()) {
        return step::load(world, offset, to, context.ip());
    }
    for (i, byte) in to.iter_mut().enumerate() {
        // SAFETY: the interrupted instruction reads this private byte itself; if
        // it may not, the process crashes, as it would have.
        *byte = unsafe { ((address + i as u64) as *const u8).read_volatile() };
    }
}

fn write(world: &World, context: &Context, address: u64, from: &[u8]) {
    if let Some(offset) = inside(world, context, address, from.len()) {
        return step::store(world, offset, from, context.ip());
    }
    for (i, byte) in from.iter().enumerate() {
        // SAFETY: as in `read`.
        unsafe { ((address + i as u64) as *mut u8).write_volatile(*byte) };
    }
}

/// The offset of an element in the shared state; `None` where it lies elsewhere.
/// One that lies half in it ends the process.
fn inside(world: &World, context: &Context, address: u64, len: usize) -> Option<u32> {
    let offset = world.offset(address)?;
    if !world.holds(address, len) {
        crash::crash(world, libc::SIGSEGV, context);
    }
    Some(offset)
}

/// The registers that move along.
fn moving(mnemonic: Mnemonic) -> &'static [Register] {
    if is_fill(mnemonic) || is_scan(mnemonic) {
        &[Register::RDI]
    } else if is_load(mnemonic) {
        &[Register::RSI]
    } else {
        &[Register::RSI, Register::RDI]
    }
}

fn is_copy(mnemonic: Mnemonic) -> bool {
    matches!(mnemonic, Mnemonic::Movsb | Mnemonic::Movsw | Mnemonic::Movsd | Mnemonic::Movsq)
}

fn is_fill(mnemonic: Mnemonic) -> bool {
    matches!(mnemonic, Mnemonic::Stosb | Mnemonic::Stosw | Mnemonic::Stosd | Mnemonic::Stosq)
}

fn is_load(mnemonic: Mnemonic) -> bool {
    matches!(mnemonic, Mnemonic::Lodsb | Mnemonic::Lodsw | Mnemonic::Lodsd | Mnemonic::Lodsq)
}

fn is_scan(mnemonic: Mnemonic) -> bool {
    matches!(mnemonic, Mnemonic::Scasb | Mnemonic::Scasw | Mnemonic::Scasd | Mnemonic::Scasq)
}
