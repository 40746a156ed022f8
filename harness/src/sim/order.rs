//! What one execution is asked to do, and what it did: what the search and the
//! machine-dependent part that makes the steps have in common.

use super::limits::MAX_FRAMES;
use super::policy::Policy;
use super::record::{Choice, Step};
use crate::{ProcessEnd, Verdict};

/// What one execution is to do.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// The choices to make first.
    pub prefix: Vec<Choice>,
    /// How to go on.
    pub policy: Policy,
    /// The seed of all random choices.
    pub seed: u64,
    /// Random kills: the chance at each step, of 2^32, and how many at most.
    pub kills: (u32, u32),
    /// Random timeouts: the chance at each step that a timed wait ends, and that an
    /// hour passes, of 2^32.
    pub timeouts: u32,
    /// Whether call stacks are kept.
    pub traced: bool,
}

/// One execution: what was done, and how it ended.
#[derive(Clone, Debug)]
pub struct Execution {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The call stack at each step, innermost first, where they were kept.
    pub frames: Vec<[u64; MAX_FRAMES]>,
    /// How each process ended; the recovery, if it ran, is the last.
    pub ends: Vec<ProcessEnd>,
    /// The outcome in the scenario's words.
    pub outcome: String,
    /// What that means.
    pub verdict: Verdict,
    /// The first choice of the prefix that was not possible, from 0.
    pub diverged: Option<usize>,
}

impl Execution {
    /// The choices that were made.
    pub fn choices(&self) -> Vec<Choice> {
        let chosen = self.steps.iter().filter(|step| step.chosen);
        chosen.map(Step::choice).collect()
    }
}
