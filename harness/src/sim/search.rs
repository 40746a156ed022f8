//! The search for a schedule that fails.

use std::collections::BTreeMap;
use std::time::Instant;

use super::Runner;
use super::cost::Bound;
use super::order::{Execution, Order};
use super::replay;
use super::report::{Nondeterminism, OutcomeRow, SearchReport, describe};
use super::strategy::Search;
use super::tally::Tally;
use super::{Schedule, SimError, exhaustive, minimise, sample};
use crate::{Scenario, Shared, Verdict};

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
