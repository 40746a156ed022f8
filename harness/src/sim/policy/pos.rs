//! POS, partial-order sampling: a random priority for each step, drawn anew for those
//! that raced.
//!
//! Source: Yuan, Yang & Gu, "Partial Order Aware Concurrency Sampling", CAV 2018.

use std::cell::Cell;

use super::view::{View, highest};
use crate::Random;
use crate::sim::limits::MAX_PROCESSES;
use crate::sim::record::Pending;

/// The one of the highest priority. It, and all whose next step races with its step,
/// draw anew.
pub fn choose(
    priorities: &[Cell<u64>; MAX_PROCESSES],
    view: &View<impl Fn(u8) -> Pending>,
    random: &Random,
) -> Option<u8> {
    let chosen = highest(priorities, view.possible)?;
    let step = (view.pending)(chosen);
    for process in (0..).take(MAX_PROCESSES) {
        let races = || view.ready.has(process) && (view.pending)(process).conflicts(&step);
        if process == chosen || races() {
            priorities[usize::from(process)].set(random.draw());
        }
    }
    Some(chosen)
}
