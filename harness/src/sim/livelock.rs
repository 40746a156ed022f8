//! Whether an execution that was given up goes round in circles, and since when.
//!
//! A process that is where it was before, in all that is its own, and can be let out
//! of its loop only by another, is noticed as it runs (`spin.rs`). Where all are so,
//! that is the end. This module judges the others, at the limit of steps.
//!
//! Idea: a step is new if nobody has made it before from the same place in the
//! program while the shared bytes were the same. Where the whole last half of the
//! steps was not new, the execution repeats itself.
//! Limits: what processes keep to themselves is not compared, nor is the time. A loop
//! that counts its own vain looks to more than half the limit is taken for one
//! without an end; the verdict says so by naming the limit.

use std::collections::HashSet;

use super::machine::Machine;
use super::record::Step;
use crate::Verdict;

/// The verdict on an execution that made `steps` from `image`, and was not at its end.
pub fn at_the_limit(image: &[u8], steps: &[Step]) -> Verdict {
    let (new_until, steps) = (new_until(image, steps), steps.len() as u64);
    if new_until <= steps / 2 {
        Verdict::Livelock { new_until, steps, loopers: Vec::new() }
    } else {
        Verdict::OutOfSteps { limit: steps }
    }
}

/// The verdict on an execution in which all that are left wait for `loopers`, or are
/// among them.
pub fn of(image: &[u8], steps: &[Step], loopers: Vec<String>) -> Verdict {
    let (new_until, steps) = (new_until(image, steps), steps.len() as u64);
    Verdict::Livelock { new_until, steps, loopers }
}

/// The last step that was a new one, from 1.
fn new_until(image: &[u8], steps: &[Step]) -> u64 {
    let mut machine = Machine::new(image);
    let mut seen = HashSet::new();
    let mut new_until = 0;
    for (step, number) in steps.iter().zip(1u64..) {
        let what = &step.what;
        let place = (step.process, what.ip, what.offset, what.op);
        if seen.insert((machine.memory_hash(), place)) {
            new_until = number;
        }
        machine.apply(step);
    }
    new_until
}
