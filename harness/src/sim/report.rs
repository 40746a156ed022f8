//! What a search found.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Schedule;
use super::coverage::Coverage;
use super::record::Step;
use super::replay::Replay;
use super::strategy::Strategy;
use crate::{Grade, Verdict, thousands};

/// An outcome, how it is judged, and how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutcomeRow {
    /// The outcome in the scenario's words.
    pub outcome: String,
    /// How it is judged.
    pub grade: Grade,
    /// Why.
    pub reason: String,
    /// How many of the schedules that ran led to it.
    pub count: u64,
    /// In how many of these a process, an invariant or the outcome itself was not as
    /// it must be.
    pub failed: u64,
}

/// An execution that did not repeat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Nondeterminism {
    /// The schedule.
    pub schedule: Schedule,
    /// The first step that differed, from 1.
    pub step: usize,
    /// What it was.
    pub was: String,
    /// What it was the second time.
    pub now: String,
}

/// What a search found.
#[derive(Clone, Debug, Serialize)]
pub struct SearchReport {
    /// The scenario.
    pub scenario: String,
    /// How schedules were chosen.
    #[serde(flatten)]
    pub strategy: Strategy,
    /// How many processes could be killed in one execution.
    pub kills: u32,
    /// Whether time could pass while others could go on.
    pub early_timeouts: bool,
    /// How many schedules ran.
    pub schedules: u64,
    /// How many of them failed.
    pub failed: u64,
    /// How many there are without reduction, where it can be known.
    pub without_reduction: Option<u128>,
    /// Whether all schedules within the bound were covered.
    pub complete: bool,
    /// Where a process that polls could have gone on within the bound, and had done so
    /// as often as it may: how often that was. The search is then not complete.
    pub spins_cut: Option<u8>,
    /// Whether a process looked at a clock, slept, or waited until a time.
    pub time_matters: bool,
    /// How many steps were made in all.
    pub steps: u64,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
    /// What was seen, with how often.
    pub outcomes: Vec<OutcomeRow>,
    /// How often each verdict was given.
    pub verdicts: BTreeMap<&'static str, u64>,
    /// What the search has covered.
    pub coverage: Coverage,
    /// The first failure.
    pub failure: Option<Replay>,
    /// The first execution that did not repeat.
    pub nondeterminism: Option<Nondeterminism>,
    /// The verdict on the scenario: the first failure's, or held.
    pub verdict: Verdict,
}

impl std::fmt::Display for SearchReport {
    /// In one line: `all schedules with at most 2 preemptions, in program order: 1,284
    /// run, 0 failed`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kills = match self.kills {
            0 => String::new(),
            1 => ", with a kill at each step".to_owned(),
            more => format!(", with up to {more} kills, each at each step"),
        };
        let (run, failed) = (thousands(self.schedules), thousands(self.failed));
        let exhaustive = self.strategy.bound().is_some();
        let order = if exhaustive { ", in program order" } else { "" };
        let early = match (self.time_matters, self.early_timeouts) {
            (true, true) => ", with early timeouts",
            (true, false) if exhaustive => ", without early timeouts",
            _ => "",
        };
        write!(f, "{}{kills}{order}{early}: {run} run, {failed} failed", self.strategy)?;
        if let Some(all) = self.without_reduction.filter(|all| *all > self.schedules.into()) {
            write!(f, " (of {} without reduction)", thousands(all))?;
        }
        match self.spins_cut {
            Some(turns) => write!(f, "; not complete: spins were cut after {turns} turns"),
            None if exhaustive && !self.complete => f.write_str("; not complete"),
            None => Ok(()),
        }
    }
}

/// A step in words, where two executions differ in it.
pub fn describe(step: &Step) -> String {
    let value = u128::from_le_bytes(step.after);
    let (process, op) = (step.process, step.what.op.word());
    format!("process {process}: {op} at byte {}, value {value:#x}", step.what.offset)
}
