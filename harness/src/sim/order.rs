//! What one execution is asked to do, and what it did: what the search and the
//! machine-dependent part that makes the steps have in common.

use super::record::{Choice, Step};
use crate::{ProcessEnd, Verdict};

/// The most processes in one execution, the recovery included.
pub const MAX_PROCESSES: usize = 32;

/// The most steps that one execution can make before it is given up.
pub const MAX_STEPS: usize = 1 << 16;

/// The most change points of one execution under PCT.
pub const MAX_CHANGE_POINTS: usize = 16;

/// How often a process that spins may go on, unless a search says otherwise: each
/// time it repeats its accesses twice as long, 4,000 times in all.
pub const SPIN_TURNS: u8 = 8;

/// The most frames of a step's call stack that are kept.
pub const MAX_FRAMES: usize = 24;

/// Nobody: an index that is no process.
pub const NOBODY: u8 = u8::MAX;

/// Whether `mask` has bit `process`; [`NOBODY`] is in no mask.
pub fn bit(mask: u32, process: u8) -> bool {
    mask.checked_shr(process.into()).is_some_and(|rest| rest & 1 == 1)
}

/// How the next process is chosen where the schedule does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Policy {
    /// The one that went last goes on as long as it can.
    #[default]
    GoOn,
    /// Each that can go is as likely.
    Random,
    /// Random priorities, lowered at a few random steps.
    Pct,
    /// A random priority for each step.
    Pos,
    /// Uniform over the orders of the interesting steps.
    Surw,
}

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
    /// PCT: the steps at which a priority is lowered.
    pub change_points: [u32; MAX_CHANGE_POINTS],
    /// SURW: the interesting bytes, and how many interesting steps each process
    /// makes, as was estimated.
    pub interesting: (u32, u32),
    /// SURW: whether only compare-exchanges of them are interesting.
    pub exchanges_only: bool,
    /// See `interesting`.
    pub estimates: [u32; MAX_PROCESSES],
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
