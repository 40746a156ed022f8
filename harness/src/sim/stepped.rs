//! Instructions that the processor carries out itself, on a private copy.
//!
//! Idea: the operand is copied to a scratch area, the base register is pointed
//! there, and the trap flag stops the process after one instruction; then what
//! was written is copied back. Loads and stores around it are steps. Where no
//! register can be changed, the page is opened for one instruction instead, and
//! that is one step.
//! Limits: a scratch area of two pages; an operand of 64 bytes at most.

use std::cell::Cell;

use super::context::Context;
use super::control::{Op, Pending, State};
use super::decode::{Kind, Plan};
use super::world::World;
use super::{access, step, sys, turn};

/// The widest operand, in bytes.
const WIDEST: usize = 64;

/// Private memory for one operand, with room so that it can keep its alignment.
#[repr(C, align(64))]
struct Scratch([Cell<u8>; 2 * WIDEST]);

/// What is to be done once the instruction has run.
#[derive(Clone, Copy)]
struct Stepping {
    plan: Plan,
    base: u64,
    offset: u32,
    before: [u8; WIDEST],
    opened: bool,
}

struct Area {
    scratch: Scratch,
    stepping: Cell<Option<Stepping>>,
}

// SAFETY: used by the one thread of a simulated process only.
unsafe impl Sync for Area {}

static AREA: Area =
    Area { scratch: Scratch([const { Cell::new(0) }; 2 * WIDEST]), stepping: Cell::new(None) };

/// Prepares the single step; the handler returns, and [`finish`] follows.
pub fn begin(world: &World, context: &mut Context, plan: &Plan, address: u64, offset: u32) {
    let Kind::Stepped { reads, base, .. } = plan.kind else { access::refuse(plan) };
    if offset as usize + plan.size > world.len {
        access::refuse(plan);
    }
    let mut stepping =
        Stepping { plan: *plan, base: 0, offset, before: [0; WIDEST], opened: false };
    let operand = &mut stepping.before[..plan.size];
    if base == iced_x86::Register::None {
        one_step(world, plan, offset, operand);
        stepping.opened = true;
        open(world, true);
    } else {
        if plan.locked {
            one_step(world, plan, offset, operand);
        } else if reads {
            step::load(world, offset, operand, context.ip());
        } else {
            world.read(offset, operand);
        }
        let lead = address as usize % WIDEST;
        for (cell, byte) in AREA.scratch.0[lead..].iter().zip(operand.iter()) {
            cell.set(*byte);
        }
        stepping.base = context.get(base);
        let scratch = AREA.scratch.0[lead].as_ptr() as u64;
        context.set(base, stepping.base.wrapping_add(scratch.wrapping_sub(address)));
    }
    AREA.stepping.set(Some(stepping));
    context.trap(true);
}

/// Stands at the one step that the instruction is.
fn one_step(world: &World, plan: &Plan, offset: u32, operand: &mut [u8]) {
    let op = match plan.kind {
        Kind::Stepped { writes: false, .. } => Op::Load,
        Kind::Stepped { reads: false, .. } => Op::Store,
        _ => Op::Update,
    };
    // A step shows 16 bytes at most; wider ones come here only without a base.
    let size = plan.size.min(16) as u8;
    turn::reach(Pending { op, size, offset, ip: plan.instruction.ip(), argument: 0 }, State::Ready);
    world.read(offset, operand);
}

/// After the instruction: puts the register back and makes the stores. Returns
/// whether there was a single step to finish.
pub fn finish(world: &World, context: &mut Context) -> bool {
    let Some(stepping) = AREA.stepping.take() else { return false };
    context.trap(false);
    let Stepping { plan, offset, .. } = stepping;
    let Kind::Stepped { writes, base, .. } = plan.kind else { return false };
    let before = &stepping.before[..plan.size];
    let mut after = [0; WIDEST];
    let after = &mut after[..plan.size];
    if stepping.opened {
        open(world, false);
        world.read(offset, after);
        let shown = plan.size.min(16);
        step::finish(world, &before[..shown], &after[..shown], before != after);
        return true;
    }
    context.set(base, stepping.base);
    let lead = (world.state + offset as usize) % WIDEST;
    for (byte, cell) in after.iter_mut().zip(&AREA.scratch.0[lead..]) {
        *byte = cell.get();
    }
    if plan.locked {
        world.write(offset, after);
        let shown = plan.size.min(16);
        step::finish(world, &before[..shown], &after[..shown], before != after);
    } else if writes {
        step::store(world, offset, after, plan.instruction.ip());
    }
    true
}

/// Lets this process touch the shared state directly, or no longer.
fn open(world: &World, open: bool) {
    let protection = if open { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_NONE };
    let arguments = [world.state as u64, world.len as u64, protection as u64, 0, 0];
    // SAFETY: the range is the mapping of the shared state and nothing else.
    unsafe { sys::call(libc::SYS_mprotect, arguments) };
}
