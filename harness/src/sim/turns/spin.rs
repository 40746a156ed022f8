//! Processes that poll: when others go first, and when nothing else can come of it.
//!
//! Idea: a process that repeats its accesses, and is shown the same each time,
//! lets others go first. That is fair, and no more: the executions in which it
//! polls on exist too, so that it can be chosen to go on. Each time it does so, it
//! has twice as many repetitions before it is found to spin again; a loop that
//! counts its tries, or watches the clock, comes to its end after a few such
//! *turns*. If the process itself is where it was before ([`Private`]), it is
//! in a loop that only another process can end, and going on leads nowhere new.
//! Limits: a round of more than [`RECENT`] different accesses is not recognised.

use super::control::{Anchor, Control, ProcessControl, RECENT};
use crate::random::mix;
use crate::sim::record::Pending;

/// How often an access may repeat, and show nothing new, before its process is
/// taken to spin.
const SPIN: u32 = 8;

/// Rounds shorter than this need no more than [`SPIN`] repetitions.
const SHORT: usize = 8;

/// How often a process may stand at the same access and not be as it was before,
/// until it is taken to change.
const TRIES: u32 = 2;

/// By how much the clock moves on when a process that polls it goes on: a
/// millisecond the first time, then a second, then an hour.
const PASSES_NS: [u64; 3] = [1_000_000, 1_000_000_000, HOUR_NS];

/// An hour, in nanoseconds. A deadline that is further away takes several.
pub const HOUR_NS: u64 = 3600 * 1_000_000_000;

/// What decides what a process does next, beside the shared bytes.
pub trait Private {
    /// A hash of its registers and stack; `None` where they cannot be known.
    fn registers_and_stack(&self) -> Option<u64>;

    /// A hash of all its other memory, which takes longer; `None` where it cannot be
    /// known.
    fn memory(&self) -> Option<u64>;
}

/// Notes an access: process `me` did `what`, and saw `seen`.
pub fn watch(
    control: &Control,
    me: &ProcessControl,
    what: &Pending,
    seen: &[u8; 16],
    private: &impl Private,
) {
    let changes = control.changes.get();
    if me.recent_changes.replace(changes) != changes {
        forget(me);
    }
    let low = u64::from_le_bytes([
        seen[0], seen[1], seen[2], seen[3], seen[4], seen[5], seen[6], seen[7],
    ]);
    let access = mix(what.ip ^ mix(u64::from(what.offset) ^ mix(low)));
    let Some(distance) = distance(me, access) else {
        me.repeats.set(0);
        leave_loop(control, me);
        let len = me.recent_len.get();
        me.recent[len as usize % RECENT].set(access);
        me.recent_len.set(len + 1);
        return;
    };
    me.repeats.set(me.repeats.get() + 1);
    let settled = compare(control, me, access, private);
    let enough = if distance < SHORT { SPIN } else { 2 * distance as u32 };
    let enough = enough << me.turns.get().min(20);
    let late = me.repeats.get() >= enough + 3 * RECENT as u32;
    if me.loops.get() || me.repeats.get() >= enough && (settled || late) {
        me.repeats.set(0);
        me.spins_since.set(Some(changes));
    }
}

/// Something has changed: what was seen before tells nothing.
fn forget(me: &ProcessControl) {
    me.recent_len.set(0);
    me.repeats.set(0);
    me.turns.set(0);
    me.polls_clock.set(false);
    me.loops.set(false);
    me.looped.set(false);
    me.anchor.set(Anchor::default());
}

/// Looks once more whether the process is in a loop: others have gone since.
pub fn look_again(me: &ProcessControl) {
    me.repeats.set(0);
    me.loops.set(false);
    me.looped.set(true);
    me.anchor.set(Anchor::default());
    me.spins_since.set(None);
}

/// The process does what it has not done before: its steps are progress.
fn leave_loop(control: &Control, me: &ProcessControl) {
    if me.looped.replace(false) {
        control.progress.set(control.steps.get());
    }
}

/// How many other accesses were new since `access` was; `None` if it is itself.
fn distance(me: &ProcessControl, access: u64) -> Option<usize> {
    let len = me.recent_len.get() as usize;
    (0..len.min(RECENT)).find(|back| me.recent[(len - 1 - back) % RECENT].get() == access)
}

/// Compares the process with what it was at the same access; returns whether it is
/// known by now whether it changes.
fn compare(control: &Control, me: &ProcessControl, access: u64, private: &impl Private) -> bool {
    let mut anchor = me.anchor.get();
    if anchor.access == 0 {
        anchor.access = access;
    } else if anchor.access != access || me.loops.get() {
        return me.loops.get() || anchor.misses >= TRIES;
    }
    anchor.visits += 1;
    if !is_compared(anchor.visits) {
        me.anchor.set(anchor);
        return anchor.misses >= TRIES;
    }
    let before = anchor;
    anchor.registers = private.registers_and_stack();
    anchor.memory = None;
    if anchor.registers.is_some() && anchor.registers == before.registers {
        anchor.memory = private.memory();
        me.loops.set(anchor.memory.is_some() && anchor.memory == before.memory);
        me.loops_at.set(control.steps.get());
    }
    // The first two comparisons have nothing to compare with.
    let first = before.registers.is_none() || before.memory.is_none() && anchor.memory.is_some();
    if !me.loops.get() && (!first || anchor.registers.is_none()) {
        anchor.misses += 1;
        leave_loop(control, me);
    }
    me.anchor.set(anchor);
    me.loops.get() || anchor.misses >= TRIES
}

/// Whether a process is compared when it is at its anchor again, for the n-th time:
/// the first times, and then three times in a row after ever longer pauses. Each
/// comparison hashes the stack, and a process that changes is not to pay for it at
/// every step. Three find a loop: the registers, the memory, and the memory again.
fn is_compared(visits: u32) -> bool {
    visits <= 8 || (0..3).any(|back| (visits - back).is_power_of_two())
}

/// By how much the clock moves on if process `me` goes on although it spins, in
/// nanoseconds: others are slow while it polls.
pub fn passes_ns(me: &ProcessControl) -> u64 {
    let turn = usize::from(me.turns.get()).min(PASSES_NS.len() - 1);
    if me.polls_clock.get() { PASSES_NS[turn] } else { 0 }
}

/// Process `me` goes on although it spins.
pub fn go_on(me: &ProcessControl) {
    me.turns.set(me.turns.get().saturating_add(1));
    me.repeats.set(0);
    let anchor = me.anchor.get();
    me.anchor.set(Anchor { misses: 0, ..anchor });
}
