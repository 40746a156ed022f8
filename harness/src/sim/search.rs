//! The search for a schedule that fails, and what was found.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::Runner;
use super::cost::Bound;
use super::coverage::{Coverage, CoverageCounter};
use super::order::{Execution, Order};
use super::record::Step;
use super::replay::{self, Replay};
use super::strategy::{Search, Strategy};
use super::{Schedule, SimError, exhaustive, minimise, sample};
use crate::{Grade, Scenario, Shared, Verdict, thousands};

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

/// Searches the schedules of `scenario`.
///
/// # Errors
/// See [`SimError`]: the machine cannot simulate, or the scenario does what is
/// not emulated.
pub fn explore<T: Shared>(
    scenario: &Scenario<T>,
    search: &Search,
) -> Result<SearchReport, SimError> {
    explore_with(scenario, search, |_, _| {})
}

/// As [`explore`]; calls `progress` after each schedule with how many have run
/// and how many have failed.
///
/// # Errors
/// As [`explore`].
pub fn explore_with<T: Shared>(
    scenario: &Scenario<T>,
    search: &Search,
    mut progress: impl FnMut(u64, u64),
) -> Result<SearchReport, SimError> {
    search.check()?;
    let mut runner = Runner::new(scenario, search.step_limit, search.hang_after)?;
    runner.let_spin(search.spin_turns);
    let mut tally = Tally::new(search, runner.image(), &mut progress);
    let covered = match search.strategy.bound() {
        Some(bound) => exhaustive::search(&mut runner, bound, search, &mut tally)?,
        None => {
            sample::search(&mut runner, search, &mut tally)?;
            exhaustive::Covered::default()
        }
    };
    let Tally {
        schedules,
        failed,
        steps,
        outcomes,
        verdicts,
        first,
        started,
        coverage,
        time_matters,
        ..
    } = tally;
    let coverage = coverage.count();
    let passes_time = search.early_timeouts && search.strategy.bound() != Some(Bound::None);
    let mut report = SearchReport {
        scenario: scenario.name.clone(),
        strategy: search.strategy,
        kills: search.kills,
        early_timeouts: passes_time,
        schedules,
        failed,
        without_reduction: covered.without_reduction,
        complete: covered.complete,
        spins_cut: covered.spins_cut.then_some(search.spin_turns),
        time_matters,
        steps,
        elapsed_ms: 0,
        outcomes: outcome_rows(scenario, outcomes),
        verdicts,
        coverage,
        failure: None,
        nondeterminism: covered.nondeterminism,
        verdict: Verdict::Held,
    };
    if let Some(first) = first {
        report.verdict = first.verdict.clone();
        // A time that is too long to be reached is no limit.
        let until = search.max_time.and_then(|most| started.checked_add(most));
        let minimise = search.minimise.then_some(until);
        report_failure(&mut runner, first, minimise, &mut report)?;
    }
    report.elapsed_ms = started.elapsed().as_millis() as u64;
    Ok(report)
}

/// Runs the failure again, minimises it up to a moment if asked to, and draws it.
fn report_failure<T: Shared>(
    runner: &mut Runner<'_, T>,
    first: Execution,
    minimise: Option<Option<Instant>>,
    report: &mut SearchReport,
) -> Result<(), SimError> {
    if let Some(difference) = repeat(runner, &first)? {
        report.nondeterminism = Some(difference);
        return Ok(());
    }
    // A hang takes its time in each of the many tries that minimising makes.
    let hangs = matches!(first.verdict, Verdict::TimedOut { .. });
    let schedule = match minimise {
        Some(until) if !hangs => minimise::minimise(runner, &first, until)?,
        _ => Schedule(first.choices()),
    };
    let shown = replay::on(runner, schedule)?;
    report.verdict = shown.verdict.clone();
    report.failure = Some(shown);
    Ok(())
}

/// Runs an execution again; says where it differs.
fn repeat<T: Shared>(
    runner: &mut Runner<'_, T>,
    first: &Execution,
) -> Result<Option<Nondeterminism>, SimError> {
    let schedule = Schedule(first.choices());
    let again = runner.run(&Order { prefix: schedule.choices(), ..Order::default() })?;
    let longer = first.steps.len().max(again.steps.len());
    let differs = |i: &usize| first.steps.get(*i) != again.steps.get(*i);
    let step = (0..longer).find(differs);
    let outcome_differs = first.verdict != again.verdict || first.outcome != again.outcome;
    let show = |execution: &Execution, step: usize| {
        execution.steps.get(step).map_or_else(|| execution.verdict.to_string(), describe)
    };
    let step = match step {
        Some(step) => step,
        None if outcome_differs => longer,
        None => return Ok(None),
    };
    let (was, now) = (show(first, step), show(&again, step));
    Ok(Some(Nondeterminism { schedule, step: step + 1, was, now }))
}

pub(super) fn describe(step: &Step) -> String {
    let value = u128::from_le_bytes(step.after);
    let (process, op) = (step.process, step.what.op.word());
    format!("process {process}: {op} at byte {}, value {value:#x}", step.what.offset)
}

fn outcome_rows<T: Shared>(
    scenario: &Scenario<T>,
    counts: BTreeMap<String, (u64, u64)>,
) -> Vec<OutcomeRow> {
    let mut rows: Vec<OutcomeRow> = counts
        .into_iter()
        .map(|(outcome, (count, failed))| {
            let (grade, reason) = scenario.grade(&outcome);
            let reason = reason.to_owned();
            OutcomeRow { outcome, grade, reason, count, failed }
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse((row.grade, row.failed, row.count)));
    rows
}

/// The word of [`Verdict::TimedOut`].
const HUNG: &str = "timed out";

/// What a search counts as it goes.
pub(super) struct Tally<'a> {
    pub schedules: u64,
    failed: u64,
    steps: u64,
    outcomes: BTreeMap<String, (u64, u64)>,
    verdicts: BTreeMap<&'static str, u64>,
    first: Option<Execution>,
    started: Instant,
    coverage: CoverageCounter,
    /// Whether a process looked at a clock, slept, or waited for a time.
    time_matters: bool,
    max_schedules: u64,
    max_time: Duration,
    stop_at_first: bool,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl<'a> Tally<'a> {
    fn new(search: &Search, image: &[u8], progress: &'a mut dyn FnMut(u64, u64)) -> Self {
        Self {
            schedules: 0,
            failed: 0,
            steps: 0,
            outcomes: BTreeMap::new(),
            verdicts: BTreeMap::new(),
            first: None,
            started: Instant::now(),
            coverage: CoverageCounter::new(image),
            time_matters: false,
            max_schedules: search.max_schedules.unwrap_or(u64::MAX),
            max_time: search.max_time.unwrap_or(Duration::MAX),
            stop_at_first: search.stop_at_first_failure,
            progress,
        }
    }

    /// Counts one execution.
    pub fn count(&mut self, execution: &Execution) {
        self.schedules += 1;
        self.steps += execution.steps.len() as u64;
        self.coverage.add(&execution.steps);
        self.time_matters |=
            execution.steps.iter().any(|step| step.looked || step.timed | step.sleeping != 0);
        *self.verdicts.entry(execution.verdict.word()).or_default() += 1;
        let held = execution.verdict.held();
        let row = self.outcomes.entry(execution.outcome.clone()).or_default();
        row.0 += 1;
        row.1 += u64::from(!held);
        if !held {
            self.failed += 1;
            if self.first.is_none() {
                self.first = Some(execution.clone());
            }
        }
        (self.progress)(self.schedules, self.failed);
    }

    /// Whether a limit has been reached. One schedule is run, however little time
    /// there is: a verdict on none would say nothing.
    pub fn enough(&self) -> bool {
        self.schedules >= self.max_schedules
            || self.schedules > 0 && self.started.elapsed() >= self.max_time
            || self.stop_at_first && self.failed > 0
            || self.verdicts.contains_key(HUNG)
    }
}
