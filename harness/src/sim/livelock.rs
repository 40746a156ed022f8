//! Whether an execution that was given up goes round in circles.
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
pub fn verdict(image: &[u8], steps: &[Step]) -> Verdict {
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
    let steps = steps.len() as u64;
    if new_until <= steps / 2 {
        Verdict::Livelock { new_until, steps }
    } else {
        Verdict::OutOfSteps { limit: steps }
    }
}
