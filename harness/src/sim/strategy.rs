//! What to search: which schedules, with which limits.

use std::time::Duration;

use serde::Serialize;

use super::cost::Bound;
use super::limits::{MAX_CHANGE_POINTS, SPIN_TURNS};
use super::{HANG, SimError};

/// How schedules are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "strategy", rename_all = "kebab-case")]
pub enum Strategy {
    /// At each step, each process that can go is as likely.
    Random {
        /// The seed.
        seed: u64,
    },
    /// Random priorities, changed at `depth - 1` random steps: finds a bug that
    /// needs `depth` ordering constraints with a known least probability.
    Pct {
        /// How many ordering constraints: 1 to 17.
        depth: u32,
        /// The seed.
        seed: u64,
    },
    /// Partial-order sampling: a random priority for each step, drawn anew for
    /// those that raced.
    Pos {
        /// The seed.
        seed: u64,
    },
    /// Selectively uniform random walk: uniform over the orders of the accesses
    /// to one variable, a different one each time.
    Surw {
        /// The seed.
        seed: u64,
    },
    /// All schedules with at most this many preemptions; all, where it is `None`.
    Exhaustive {
        /// The bound: how often the turn is taken from a process that could go on.
        preemptions: Option<u32>,
    },
    /// All schedules with at most this many delays: far fewer than with as many
    /// preemptions, where there are many processes.
    Delays {
        /// The bound: how many processes are passed over that could go, where the
        /// last one goes on as long as it can, and then the next in a circle.
        delays: u32,
    },
}

impl Strategy {
    /// What bounds its schedules, if it runs all that there are within a bound.
    pub(super) fn bound(self) -> Option<Bound> {
        match self {
            Self::Exhaustive { preemptions: None } => Some(Bound::None),
            Self::Exhaustive { preemptions: Some(most) } => Some(Bound::Preemptions(most)),
            Self::Delays { delays } => Some(Bound::Delays(delays)),
            Self::Random { .. } | Self::Pct { .. } | Self::Pos { .. } | Self::Surw { .. } => None,
        }
    }
}

impl std::fmt::Display for Strategy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Random { seed } => write!(f, "random, seed {seed}"),
            Self::Pct { depth, seed } => write!(f, "PCT of depth {depth}, seed {seed}"),
            Self::Pos { seed } => write!(f, "POS, seed {seed}"),
            Self::Surw { seed } => write!(f, "SURW, seed {seed}"),
            Self::Exhaustive { preemptions: Some(0) } => {
                f.write_str("all schedules without preemptions")
            }
            Self::Exhaustive { preemptions: Some(1) } => {
                f.write_str("all schedules with at most 1 preemption")
            }
            Self::Exhaustive { preemptions: Some(n) } => {
                write!(f, "all schedules with at most {n} preemptions")
            }
            Self::Exhaustive { preemptions: None } => f.write_str("all schedules"),
            Self::Delays { delays: 1 } => f.write_str("all schedules with at most 1 delay"),
            Self::Delays { delays } => write!(f, "all schedules with at most {delays} delays"),
        }
    }
}

/// Which schedules an exhaustive search leaves out; no outcome is ever lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduction {
    /// None: each schedule within the bound is run.
    None,
    /// Those that lead to a state whose futures have been looked at. How many
    /// there are in all is counted, without running them.
    States,
    /// Those too that preempt a process before a step which conflicts with no
    /// step of another process.
    Conflicts,
}

/// A search: the strategy, its limits, and what else it does.
#[derive(Clone, Debug)]
pub struct Search {
    /// How schedules are chosen.
    pub strategy: Strategy,
    /// How many processes may be killed in one execution.
    pub kills: u32,
    /// Whether time may pass while others could go on, as it does where they are slow:
    /// a timed wait ends by its deadline, or an hour passes before a process looks at
    /// a clock. In an exhaustive search that costs a preemption, and without a bound
    /// on these it is not tried.
    /// A deadline further away than an hour takes several.
    pub early_timeouts: bool,
    /// How often a process that polls may go on within an execution although nothing
    /// has changed, each time twice as long as before: 8 turns are some 4,000
    /// accesses. Where one could go on further, an exhaustive search is not complete.
    pub spin_turns: u8,
    /// The most schedules to run; `None` is no limit, which only an exhaustive
    /// search can do without.
    pub max_schedules: Option<u64>,
    /// The most time to take; a search that ends by it is not complete.
    pub max_time: Option<Duration>,
    /// Whether the first failure ends the search.
    pub stop_at_first_failure: bool,
    /// Which schedules an exhaustive search leaves out.
    pub reduction: Reduction,
    /// Whether the first failure is reduced to its fewest switches.
    pub minimise: bool,
    /// Steps after which an execution is given up: 1 to 65,536.
    pub step_limit: u32,
    /// After how long without a step a process is taken to hang: in processor time of
    /// its own, or asleep in the kernel. The first that does ends the search, since each would take as long.
    pub hang_after: Duration,
}

impl Search {
    /// A search with `strategy`: no kills, stops at the first failure and after
    /// 10,000 schedules where the strategy samples.
    pub fn new(strategy: Strategy) -> Self {
        let samples = strategy.bound().is_none();
        Self {
            strategy,
            kills: 0,
            early_timeouts: false,
            spin_turns: SPIN_TURNS,
            max_schedules: samples.then_some(10_000),
            max_time: None,
            stop_at_first_failure: samples,
            reduction: Reduction::Conflicts,
            minimise: true,
            step_limit: 20_000,
            hang_after: HANG,
        }
    }

    /// Whether it asks for what there is.
    pub(super) fn check(&self) -> Result<(), SimError> {
        let refuse = |why: String| Err(SimError::BadSearch { why });
        let deepest = MAX_CHANGE_POINTS as u32 + 1;
        match self.strategy {
            Strategy::Pct { depth, .. } if !(1..=deepest).contains(&depth) => {
                return refuse(format!("the depth of PCT is {depth}; it can be 1 to {deepest}"));
            }
            _ => {}
        }
        if self.max_schedules == Some(0) {
            return refuse("max_schedules is 0; at least 1 schedule must run".into());
        }
        let endless = self.max_schedules.is_none() && self.max_time.is_none();
        if self.strategy.bound().is_none() && endless {
            let why = "a strategy that draws schedules never ends by itself; set max_schedules \
                       or max_time";
            return refuse(why.into());
        }
        Ok(())
    }

    /// All schedules with at most `preemptions` preemptions.
    pub fn exhaustive(preemptions: u32) -> Self {
        Self::new(Strategy::Exhaustive { preemptions: Some(preemptions) })
    }

    /// All schedules with at most `delays` delays.
    pub fn delayed(delays: u32) -> Self {
        Self::new(Strategy::Delays { delays })
    }

    /// All schedules.
    pub fn unbounded() -> Self {
        Self::new(Strategy::Exhaustive { preemptions: None })
    }

    /// Random schedules from `seed`, by the strategy that finds most bugs soonest.
    pub fn sampling(seed: u64) -> Self {
        Self::new(Strategy::Surw { seed })
    }

    /// With a kill of one process at each step.
    #[must_use]
    pub fn with_kills(mut self) -> Self {
        self.kills = 1;
        self
    }

    /// With time that may pass while others could go on.
    #[must_use]
    pub fn with_early_timeouts(mut self) -> Self {
        self.early_timeouts = true;
        self
    }

    /// Lets a process that polls go on `turns` times; see [`Search::spin_turns`].
    #[must_use]
    pub fn spin_turns(mut self, turns: u8) -> Self {
        self.spin_turns = turns;
        self
    }

    /// At most `count` schedules.
    #[must_use]
    pub fn max_schedules(mut self, count: u64) -> Self {
        self.max_schedules = Some(count);
        self
    }

    /// For at most `time`.
    #[must_use]
    pub fn max_time(mut self, time: Duration) -> Self {
        self.max_time = Some(time);
        self
    }

    /// Ends at the first failure, or goes on and counts them.
    #[must_use]
    pub fn stop_at_first_failure(mut self, stop: bool) -> Self {
        self.stop_at_first_failure = stop;
        self
    }

    /// Leaves out no more than `reduction` says.
    #[must_use]
    pub fn reduction(mut self, reduction: Reduction) -> Self {
        self.reduction = reduction;
        self
    }

    /// Gives an execution up after `steps` steps: 1 to 65,536.
    #[must_use]
    pub fn step_limit(mut self, steps: u32) -> Self {
        self.step_limit = steps;
        self
    }

    /// Takes a process to hang after `time` without a step, in processor time of its
    /// own or asleep in the kernel.
    #[must_use]
    pub fn hang_after(mut self, time: Duration) -> Self {
        self.hang_after = time;
        self
    }
}
