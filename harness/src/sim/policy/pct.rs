//! PCT: random priorities, lowered at `depth - 1` random steps.
//!
//! Idea: the process of the highest priority goes. A bug that needs `depth` ordering
//! constraints is found with a chance of at least 1 / (n k^(depth - 1)), with n
//! processes and k steps.
//! Source: Burckhardt, Kothari, Musuvathi & Nagarakatte, "A Randomized Scheduler with
//! Probabilistic Guarantees of Finding Bugs", ASPLOS 2010. We differ: one that spins or
//! yields goes behind all others, or one of high priority would spin on after each of
//! the others' steps.

use std::cell::Cell;

use super::view::{View, highest};
use crate::random::mix;
use crate::sim::limits::{MAX_CHANGE_POINTS, MAX_PROCESSES};
use crate::sim::processes::ProcessSet;
use crate::sim::record::Pending;

/// The lowest priority that a change point gives; those of spinners are lower.
const LOWERED: u64 = 1 << 32;

/// The choices before which a priority is lowered, from 1; 0 is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    change_points: [u32; MAX_CHANGE_POINTS],
}

impl Parameters {
    /// Those of an execution that has about `length` choices. The first execution only
    /// measures: its length is 0, and it has no change points.
    pub fn prepare(depth: u32, length: u32, seed: u64) -> Self {
        let mut change_points = [0; MAX_CHANGE_POINTS];
        let points = change_points.iter_mut().take(depth.saturating_sub(1) as usize);
        for (point, i) in points.zip(0u64..) {
            let at = mix(seed ^ i).checked_rem(length.into());
            *point = at.map_or(0, |at| 1 + at as u32);
        }
        Self { change_points }
    }
}

/// What is remembered in an execution.
#[repr(C)]
pub struct Memory {
    /// The lowest priority so far that a spinner was given.
    lowest: Cell<u64>,
}

impl Memory {
    pub(super) fn start(&self) {
        self.lowest.set(LOWERED);
    }

    /// The one of the highest priority. Whoever sleeps gives way, or one that polls
    /// would never end.
    pub(super) fn choose(
        &self,
        parameters: &Parameters,
        priorities: &[Cell<u64>; MAX_PROCESSES],
        view: &View<impl Fn(u8) -> Pending>,
    ) -> Option<u8> {
        self.lower_spinner(priorities, view.yielded - view.enabled, view.last);
        // At the k-th change point, the process about to go gets the k-th priority of
        // those that are lower than all that were drawn at the start, and higher than
        // those of spinners.
        let points = parameters.change_points.iter().zip(0u64..);
        for (_, i) in points.filter(|(point, _)| **point == view.choices && **point != 0) {
            let process = highest(priorities, view.enabled)?;
            priorities[usize::from(process)].set(LOWERED + i);
        }
        highest(priorities, view.enabled)
    }

    /// One that has just been found to spin, or has yielded, goes behind all others.
    fn lower_spinner(
        &self,
        priorities: &[Cell<u64>; MAX_PROCESSES],
        yielded: ProcessSet,
        last: u8,
    ) {
        if yielded.has(last) {
            let lowest = self.lowest.get() - 1;
            self.lowest.set(lowest);
            priorities[usize::from(last)].set(lowest);
        }
    }
}
