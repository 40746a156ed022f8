//! One step: standing at it, making it, writing down what it did.
//!
//! Idea: an access is cut into pieces that the hardware makes in one go, and
//! each piece is a step: up to 8 bytes within a cache line, or 16 aligned bytes.
//! Source: Intel SDM volume 3A, section 9.1.1 (guaranteed atomic operations).

use super::world::World;
use super::{turn, unwind};
use crate::sim::limits::MAX_FRAMES;
use crate::sim::processes::ProcessSet;
use crate::sim::record::{Op, Pending, Step};
use crate::sim::turns::control::State;
use crate::sim::turns::{log, spin};

/// The lengths into which an access of `size` bytes at `offset` is cut.
pub fn pieces(offset: u32, size: usize) -> impl Iterator<Item = (u32, usize)> {
    let mut at = offset;
    let mut left = size;
    std::iter::from_fn(move || {
        if left == 0 {
            return None;
        }
        let within_line = at % 64 + left as u32 <= 64;
        let len = if left == 16 && at.is_multiple_of(16) || left <= 8 && within_line {
            left
        } else if left >= 16 && at.is_multiple_of(16) {
            16
        } else {
            // Up to the next multiple of 8.
            left.min(8 - at as usize % 8)
        };
        let piece = (at, len);
        at += len as u32;
        left -= len;
        Some(piece)
    })
}

/// Reads `to.len()` bytes at `offset` as steps of `op`.
pub fn load(world: &World, offset: u32, to: &mut [u8], ip: u64) {
    let start = offset;
    for (offset, size) in pieces(offset, to.len()) {
        // At most 16, which fits.
        let what = Pending { op: Op::Load, size: size as u8, offset, ip, argument: 0 };
        turn::reach(what, State::Ready);
        let piece = &mut to[(offset - start) as usize..][..size];
        world.read(offset, piece);
        finish(world, piece, piece, false);
    }
}

/// Writes `from` at `offset` as steps.
pub fn store(world: &World, offset: u32, from: &[u8], ip: u64) {
    let start = offset;
    for (offset, size) in pieces(offset, from.len()) {
        let what = Pending { op: Op::Store, size: size as u8, offset, ip, argument: 0 };
        turn::reach(what, State::Ready);
        let piece = &from[(offset - start) as usize..][..size];
        let mut before = [0; 16];
        world.read(offset, &mut before[..size]);
        world.write(offset, piece);
        finish(world, &before[..size], piece, true);
    }
}

/// Reads, changes and writes `size` bytes at `offset` in one step. `change` gets
/// the bytes as a number, and returns what to write, if anything.
pub fn update(
    world: &World,
    op: Op,
    offset: u32,
    size: usize,
    ip: u64,
    change: impl FnOnce(u64) -> Option<u64>,
) {
    turn::reach(Pending { op, size: size as u8, offset, ip, argument: 0 }, State::Ready);
    let mut before = [0; 8];
    world.read(offset, &mut before[..size]);
    let changed = change(u64::from_le_bytes(before));
    let after = changed.map_or(before, u64::to_le_bytes);
    if changed.is_some() {
        world.write(offset, &after[..size]);
    }
    finish(world, &before[..size], &after[..size], changed.is_some());
}

/// Writes down what the step just made did.
pub fn finish(world: &World, before: &[u8], after: &[u8], took: bool) {
    let control = world.control;
    let mut made = Step::default();
    let index = log::amend(control, |step| {
        step.before[..before.len()].copy_from_slice(before);
        step.after[..after.len()].copy_from_slice(after);
        step.took = took;
        made = *step;
    });
    if before != after {
        control.changes.set(control.changes.get() + 1);
    }
    spin::watch(control, world.my_control(), &made.what, &made.after, world);
    if control.traced.get()
        && let Some(index) = index
    {
        let mut frames = [0; MAX_FRAMES];
        unwind::call_stack(&mut frames);
        control.frames[index].set(frames);
    }
}

/// As [`finish`], for a futex word, with the processes that it woke.
pub fn finish_word(world: &World, before: u32, after: u32, took: bool, woken: ProcessSet) {
    if !woken.is_empty() {
        // Who was woken sees something new.
        world.control.changes.set(world.control.changes.get() + 1);
    }
    finish(world, &before.to_le_bytes(), &after.to_le_bytes(), took);
    log::note_woken(world.control, woken);
}
