//! What one round says about its scenario.
//!
//! Limits: only the first cause of a round is named; its processes' ends and
//! all its violations are counted.

use std::time::Duration;

use crate::judge::{self, Judgement};
use crate::scenario::{End, ProcessEnd, Scenario};
use crate::shared::Shared;
use crate::verdict::{Measured, Verdict};

/// A round, ended.
pub(super) struct RoundEnd {
    /// How each process ended, in the scenario's order.
    pub(super) ends: Vec<ProcessEnd>,
    /// How the recovery ended, where it ran.
    pub(super) recovery: Option<ProcessEnd>,
    /// What was left behind, in words.
    pub(super) leaks: Vec<String>,
}

/// Judges a round that left `shared` behind.
pub(super) fn judge<T: Shared>(
    scenario: &Scenario<T>,
    shared: &T,
    round: &RoundEnd,
    deadline: Duration,
) -> Judgement {
    let processes: Vec<ProcessEnd> = round.ends.iter().chain(&round.recovery).cloned().collect();
    let after_ms = deadline.as_millis().try_into().unwrap_or(u64::MAX);
    let late = |process| Some(Verdict::TimedOut { process, after_ms, of: Measured::RealTime });
    let names = (0..).map(|index| scenario.process_name(index));
    let broken = judge::first_broken_end(names, processes.iter(), late);
    let end = End { shared, processes: &processes };
    let judgement = judge::judge(scenario, &end, broken);
    let what = round.leaks.join(", ");
    if judgement.verdict.held() && !what.is_empty() {
        return Judgement { verdict: Verdict::Leaked { what }, ..judgement };
    }
    judgement
}
