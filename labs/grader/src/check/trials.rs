//! Grades functions: stress first, then all schedules within each trial's bound,
//! and some beyond it.
//!
//! Idea: stress runs the code as it is, at full speed. What simulation finds is told
//! first, since it comes with a schedule that shows it. Mistakes that take
//! more preemptions than the bound are looked for at random.

use std::time::{Duration, Instant};

use shmkv_harness::sim::SearchReport;
use shmkv_harness::{StressOptions, StressReport, Verdict, thousands};

use super::message::{Failed, Report};
use super::{confine, judge, tell_trial, words};
use crate::{Failure, Trial};

/// How long a round may take before it hangs. Rounds take microseconds.
const ROUND: Duration = Duration::from_secs(2);

/// The same where one has hung, and may have been held up by a busy machine.
const PATIENT_ROUND: Duration = Duration::from_secs(5);

/// The share of rounds with a kill, where a trial has kills.
const KILL_RATE: f64 = 0.3;

/// The most schedules to run in a search: some five times what an answer as it is
/// meant to be takes.
const SCHEDULES: u64 = 3_000;

/// The most schedules to draw at random for a trial with a bound.
const DRAWN: u64 = 100;

/// How much to do.
pub(super) struct Limits {
    /// Decides who starts late under stress, and who is killed.
    pub(super) seed: u64,
    /// Stress: how long, all trials together.
    pub(super) stress: Duration,
    /// Stress: the most rounds of each trial.
    pub(super) rounds: u64,
    /// The search: the most schedules of each trial; `None` for all.
    pub(super) schedules: Option<u64>,
}

/// Grades an answer by its trials.
///
/// # Errors
/// A sentence: it cannot be graded here.
pub(super) fn check(trials: &[Trial], limits: &Limits) -> Result<Report, String> {
    let mut evidence = Vec::new();
    let under_stress = stress_all(trials, limits, ROUND, &mut evidence)?;
    confine::for_simulation();
    let simulated = search_all(trials, limits, under_stress.is_some(), &mut evidence)?;
    let failed = match (simulated, under_stress) {
        (None, Some(hung)) if hung.failure == Failure::TooSlow => {
            // A busy machine can hold up a round; it does not do so every time.
            confine::for_stress();
            stress_all(trials, limits, PATIENT_ROUND, &mut evidence)?
        }
        (simulated, under_stress) => simulated.or(under_stress),
    };
    Ok(Report { failed, evidence })
}

fn stress_all(
    trials: &[Trial],
    limits: &Limits,
    round: Duration,
    evidence: &mut Vec<String>,
) -> Result<Option<Failed>, String> {
    let stressed = || trials.iter().filter(|trial| !trial.terms.only_simulated);
    let share = limits.stress / stressed().count().max(1) as u32;
    let mut rounds = 0;
    for trial in stressed() {
        let report = stress(trial, limits, round, share)?;
        rounds += report.rounds;
        if !report.verdict.held() {
            let which = match rounds {
                1 => "the first round".into(),
                more => format!("round {}", thousands(more)),
            };
            evidence.push(format!("At full speed: {which} failed."));
            return Ok(Some(failed_under_stress(trial, &report)));
        }
    }
    evidence.push(match rounds {
        0 => return Ok(None),
        1 => "At full speed: no fault in one round.".into(),
        more => format!("At full speed: no fault in {} rounds.", thousands(more)),
    });
    Ok(None)
}

/// Rounds, until the trial's share of time is used up.
fn stress(
    trial: &Trial,
    limits: &Limits,
    round: Duration,
    share: Duration,
) -> Result<StressReport, String> {
    let options = StressOptions {
        rounds: limits.rounds,
        seed: limits.seed,
        deadline: round,
        kill_rate: if trial.terms.kills { KILL_RATE } else { 0.0 },
        ..StressOptions::default()
    };
    let started = Instant::now();
    let enough = |_: &StressReport| started.elapsed() >= share;
    trial.scenario.stress_until(&options, &mut { enough }).map_err(|error| error.to_string())
}

fn failed_under_stress(trial: &Trial, report: &StressReport) -> Failed {
    let failure = judge::failure(trial, &report.verdict);
    let mut sentence = judge::ended(&report.verdict);
    if matches!(report.verdict, Verdict::TimedOut { .. }) {
        sentence += " No order of steps within the bound shows why.";
    }
    sentence += &format!(" Seen at full speed, in {}.", trial.name());
    Failed { failure, sentence, execution: None }
}

/// Where an answer is `suspect`, each trial is tried once before it is searched.
/// That there are too many orders to try counts where nothing else is wrong: it may
/// be too slow because of what is wrong.
fn search_all(
    trials: &[Trial],
    limits: &Limits,
    suspect: bool,
    evidence: &mut Vec<String>,
) -> Result<Option<Failed>, String> {
    let mut slow = None;
    for (trial, number) in trials.iter().zip(1..) {
        tell_trial(number, trials.len());
        if trial.terms.alone {
            match wait_alone(trial, number, evidence)? {
                Some(failed) => return Ok(Some(failed)),
                None => continue,
            }
        }
        if suspect && let Some(failed) = first_execution(trial, number)? {
            return Ok(Some(failed));
        }
        let most = if slow.is_some() { DRAWN } else { limits.schedules.unwrap_or(SCHEDULES) };
        let search = trial.search().max_schedules(most);
        let all = match trial.scenario.explore(&search, &mut |_, _| {}) {
            Ok(report) => report,
            Err(error) => return judge::refused(error).map(Some),
        };
        evidence.push(words::searched(trial.name(), &all));
        if let Some(failed) = judge::found(trial, number, &all) {
            return Ok(Some(failed));
        }
        if !all.complete && Some(all.schedules) != limits.schedules {
            slow.get_or_insert_with(|| too_many_schedules(trial, &all));
        }
        if let Some(failed) = draw(trial, number, all.schedules, limits.seed, evidence)? {
            return Ok(Some(failed));
        }
    }
    Ok(slow)
}

/// One execution, in which a process waits for ever, as it should, or goes on
/// without what it should wait for; not one in which it looks again and again.
fn wait_alone(
    trial: &Trial,
    number: usize,
    evidence: &mut Vec<String>,
) -> Result<Option<Failed>, String> {
    let alone = match trial.scenario.explore(&trial.search().max_schedules(1), &mut |_, _| {}) {
        Ok(report) => report,
        Err(error) => return judge::refused(error).map(Some),
    };
    match alone.verdict {
        Verdict::Deadlock { .. } => {
            evidence.push(format!("{}: it sleeps, as it should.", trial.name()));
            Ok(None)
        }
        Verdict::Held | Verdict::Violated { .. } => Ok(None),
        _ => Ok(judge::found(trial, number, &alone)),
    }
}

/// Schedules at random, with any number of preemptions, and no more than there are
/// `within` the bound; where there is no bound, all have been run.
fn draw(
    trial: &Trial,
    number: usize,
    within: u64,
    seed: u64,
    evidence: &mut [String],
) -> Result<Option<Failed>, String> {
    let Some(search) = trial.search_beyond(seed) else { return Ok(None) };
    let search = search.max_schedules(within.min(DRAWN));
    let drawn = match trial.scenario.explore(&search, &mut |_, _| {}) {
        Ok(report) => report,
        Err(error) => return judge::refused(error).map(Some),
    };
    if let Some(line) = evidence.last_mut() {
        let number = thousands(drawn.schedules);
        *line += &match drawn.failed {
            0 => format!(" Nor in {number} beyond that, drawn at random."),
            _ => format!(" Of others, drawn at random, the fault is in number {number}."),
        };
    }
    Ok(judge::found(trial, number, &drawn))
}

/// One execution under the default schedule: code that always fails does so here,
/// and a process that computes for ever is not searched.
fn first_execution(trial: &Trial, number: usize) -> Result<Option<Failed>, String> {
    match trial.scenario.explore(&trial.search().max_schedules(1), &mut |_, _| {}) {
        Ok(report) => Ok(judge::found(trial, number, &report)),
        Err(error) => judge::refused(error).map(Some),
    }
}

fn too_many_schedules(trial: &Trial, report: &SearchReport) -> Failed {
    if let Some(turns) = report.spins_cut {
        let sentence = format!(
            "{}: a process looks at the same again and again, more than {turns} times, and others \
             can come in each time. Let it sleep instead.",
            trial.name()
        );
        return Failed { failure: Failure::TooSlow, sentence, execution: None };
    }
    let each = report.steps / report.schedules.max(1);
    let sentence = format!(
        "{}: {} orders of steps were tried without a fault, and that is not all: your code \
         makes {each} steps in each, and others can come in at every one. Touch the shared \
         state less often.",
        trial.name(),
        thousands(report.schedules),
    );
    Failed { failure: Failure::TooSlow, sentence, execution: None }
}
