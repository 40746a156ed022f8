//! Carries out an instruction that touched the shared state.
//!
//! Idea: what compilers make of ordinary code is done here, in the signal
//! handler, on the alias: read the registers, make the steps, write the
//! registers, go on behind the instruction. What remains is single-stepped on a
//! private copy (`stepped.rs`).

use iced_x86::{OpKind, Register};

use super::alu::Alu;
use super::plan::{Kind, Plan};
use super::{Context, Op, World, crash, decode, step, stepped, strings, vectors};

/// Carries out the instruction at which `context` stopped.
pub fn carry_out(world: &World, context: &mut Context) {
    let plan = decode::plan(world.plans, &world.analyst, context.ip());
    match plan.kind {
        Kind::Strings => return strings::carry_out(world, context, &plan),
        Kind::Unknown => crash::refuse(&plan.instruction),
        _ => {}
    }
    let address = address(context, &plan);
    if let Kind::Stepped { .. } = plan.kind {
        return stepped::begin(world, context, &plan, address);
    }
    let Some(offset) = world.offset(address) else { crash::refuse(&plan.instruction) };
    if !world.holds(address, plan.size) {
        crash::crash(world, libc::SIGSEGV, context);
    }
    match plan.kind {
        Kind::Load => {
            let value = load(world, offset, &plan);
            set_operand(context, &plan, 0, value);
        }
        Kind::LoadSigned => {
            let value = load(world, offset, &plan);
            let unused = 64 - plan.size as u32 * 8;
            set_operand(context, &plan, 0, ((value << unused) as i64 >> unused) as u64);
        }
        Kind::Store => {
            let value = operand(context, &plan, 1);
            step::store(world, offset, &value.to_le_bytes()[..plan.size], context.ip());
        }
        Kind::FromMemory(alu) => from_memory(world, context, &plan, offset, alu),
        Kind::ToMemory(alu) => to_memory(world, context, &plan, offset, alu),
        Kind::Swap => {
            let register = 1 - plan.operand;
            let new = operand(context, &plan, register);
            let mut old = 0;
            step::update(world, Op::Swap, offset, plan.size, context.ip(), |found| {
                old = found;
                Some(new)
            });
            set_operand(context, &plan, register, old);
        }
        Kind::FetchAdd => fetch_add(world, context, &plan, offset),
        Kind::CompareExchange => compare_exchange(world, context, &plan, offset),
        Kind::Vector => vectors::carry_out(world, context, &plan, offset),
        Kind::Stepped { .. } | Kind::Strings | Kind::Unknown => {}
    }
    context.set_ip(plan.instruction.next_ip());
}

/// The address of the memory operand.
fn address(context: &Context, plan: &Plan) -> u64 {
    let address = plan
        .instruction
        .virtual_address(plan.operand, 0, |register, _, _| Some(context.get(register)))
        .unwrap_or(0);
    match plan.kind {
        Kind::ToMemory(alu) if alu.is_bit() && plan.instruction.op1_kind() == OpKind::Register => {
            address.wrapping_add_signed(beyond(context, plan))
        }
        _ => address,
    }
}

/// How far from the operand the bit lies that a register numbers, in bytes: the
/// number is signed, and memory a row of bits in both directions.
fn beyond(context: &Context, plan: &Plan) -> i64 {
    let bits = 8 * plan.size as i64;
    let number = operand(context, plan, 1);
    let unused = 64 - bits as u32;
    let number = (number << unused) as i64 >> unused;
    number.div_euclid(bits) * plan.size as i64
}

fn load(world: &World, offset: u32, plan: &Plan) -> u64 {
    let mut bytes = [0; 8];
    step::load(world, offset, &mut bytes[..plan.size], plan.instruction.ip());
    u64::from_le_bytes(bytes)
}

fn operand(context: &Context, plan: &Plan, index: u32) -> u64 {
    match plan.instruction.op_kind(index) {
        OpKind::Register => context.get(plan.instruction.op_register(index)),
        _ => plan.instruction.immediate(index),
    }
}

fn set_operand(context: &mut Context, plan: &Plan, index: u32, value: u64) {
    context.set(plan.instruction.op_register(index), value);
}

/// `add reg, [mem]` and its kin: one load.
fn from_memory(world: &World, context: &mut Context, plan: &Plan, offset: u32, alu: Alu) {
    let b = load(world, offset, plan);
    let a = operand(context, plan, 0);
    let (result, flags) = alu.apply(plan.size, a, b, context.flags());
    if !alu.only_flags() {
        set_operand(context, plan, 0, result);
    }
    context.set_flags(flags);
}

/// `add [mem], reg` and its kin: a load and a store, or one step if locked.
fn to_memory(world: &World, context: &mut Context, plan: &Plan, offset: u32, alu: Alu) {
    let b = if plan.instruction.op_count() == 2 { operand(context, plan, 1) } else { 0 };
    let before = context.flags();
    if plan.locked {
        let op = match alu {
            Alu::Add | Alu::Sub | Alu::Inc | Alu::Dec => Op::FetchAdd,
            _ => Op::Update,
        };
        let mut flags = before;
        step::update(world, op, offset, plan.size, context.ip(), |a| {
            let (result, changed) = alu.apply(plan.size, a, b, before);
            flags = changed;
            Some(result)
        });
        context.set_flags(flags);
        return;
    }
    let (result, flags) = alu.apply(plan.size, load(world, offset, plan), b, before);
    if !alu.only_flags() {
        step::store(world, offset, &result.to_le_bytes()[..plan.size], context.ip());
    }
    context.set_flags(flags);
}

fn fetch_add(world: &World, context: &mut Context, plan: &Plan, offset: u32) {
    let b = operand(context, plan, 1);
    let before = context.flags();
    let old = if plan.locked {
        let mut old = 0;
        step::update(world, Op::FetchAdd, offset, plan.size, context.ip(), |a| {
            old = a;
            Some(a.wrapping_add(b))
        });
        old
    } else {
        let old = load(world, offset, plan);
        let sum = old.wrapping_add(b);
        step::store(world, offset, &sum.to_le_bytes()[..plan.size], context.ip());
        old
    };
    let (_, flags) = Alu::Add.apply(plan.size, old, b, before);
    set_operand(context, plan, 1, old);
    context.set_flags(flags);
}

fn compare_exchange(world: &World, context: &mut Context, plan: &Plan, offset: u32) {
    let new = operand(context, plan, 1);
    let accumulator = match plan.size {
        1 => Register::AL,
        2 => Register::AX,
        4 => Register::EAX,
        _ => Register::RAX,
    };
    let expected = context.get(accumulator);
    let mut found = 0;
    if plan.locked {
        step::update(world, Op::CompareExchange, offset, plan.size, context.ip(), |value| {
            found = value;
            (value == expected).then_some(new)
        });
    } else {
        found = load(world, offset, plan);
        // The processor writes in any case: the old value if they differ.
        let written = if found == expected { new } else { found };
        step::store(world, offset, &written.to_le_bytes()[..plan.size], context.ip());
    }
    let (_, flags) = Alu::Cmp.apply(plan.size, expected, found, context.flags());
    if found != expected {
        context.set(accumulator, found);
    }
    context.set_flags(flags);
}
