//! Who waits on which futex, in the order in which they came.

use super::control::{Control, ProcessControl, State};
use crate::sim::processes::ProcessSet;

/// Puts a waiter behind all others.
pub fn take_ticket(control: &Control, waiter: &ProcessControl) {
    let ticket = control.tickets.get();
    control.tickets.set(ticket + 1);
    waiter.ticket.set(ticket);
}

/// Lets up to `count` waiters out, in the order in which they came; returns them. They
/// do not run yet.
pub fn release(control: &Control, key: u64, count: u32, bitset: u32) -> ProcessSet {
    let mut woken = ProcessSet::EMPTY;
    for _ in 0..count.min(u32::BITS) {
        let Some(waiter) = first_waiter(control, key, bitset) else { break };
        let process = control.process(waiter);
        process.wake_result.set(0);
        process.state.set(State::Running);
        woken |= ProcessSet::of(waiter);
    }
    woken
}

/// Moves up to `most` waiters from one futex to another, behind those that wait there;
/// returns how many.
pub fn requeue(control: &Control, from: u64, to: u64, most: i32) -> i32 {
    let mut moved = 0;
    // Each is moved once, also where both words are the same.
    let end = control.tickets.get();
    while moved < most
        && let Some(waiter) = first_waiter(control, from, u32::MAX)
    {
        let waiter = control.process(waiter);
        if waiter.ticket.get() >= end {
            break;
        }
        waiter.key.set(to);
        take_ticket(control, waiter);
        moved += 1;
    }
    moved
}

fn first_waiter(control: &Control, key: u64, bitset: u32) -> Option<u8> {
    let waits = |process: &ProcessControl| {
        process.state.get() == State::Blocked
            && process.key.get() == key
            && process.bitset.get() & bitset != 0
    };
    control.those(waits).iter().min_by_key(|waiter| control.process(*waiter).ticket.get())
}
