//! Grades functions: stress first, then all schedules within each trial's bound,
//! and some beyond it; of large trials, only some.
//!
//! Idea: stress runs the code as it is, at full speed. What simulation finds is told
//! first, since it comes with a schedule that shows it. Mistakes that take
//! more preemptions than the bound are looked for at random.

use std::time::{Duration, Instant};

use shmkv_harness::sim::{Schedule, Search, SearchReport};
use shmkv_harness::{StressOptions, StressReport, Verdict, thousands};

use super::judge::Waiting;
use super::message::{Failed, Report};
use super::{confine, judge, tell_trial, words};
use crate::{Failure, Trial, trial};

/// How long a round may take before it hangs. Rounds take microseconds.
const ROUND: Duration = Duration::from_secs(2);

/// The same where one has hung, and may have been held up by a busy machine.
const PATIENT_ROUND: Duration = Duration::from_secs(5);

/// The share of rounds with a kill, where a trial has kills.
const KILL_RATE: f64 = 0.3;

/// The most schedules to run in a search: some twice what an answer as it is meant
/// to be takes.
const SCHEDULES: u64 = 5_000;

/// The fewest, however long each is.
const SCHEDULES_AT_LEAST: u64 = 5;

/// How much the searches of all trials may cost together, in steps: twice what an
/// answer as it is meant to be takes. An answer that touches the shared state often is
/// searched less far, and its evidence says so.
const BUDGET: u64 = 400_000;

/// What a schedule costs besides its steps, in steps.
const SCHEDULE: u64 = 80;

/// The most schedules to draw at random by each strategy, for a trial with a bound.
const DRAWN: u64 = 50;

/// The same, where the bound could not be reached.
const DRAWN_INSTEAD: u64 = 200;

/// What no schedule shows, said of each answer that passes.
const ORDERINGS: &str = "Memory orderings are not judged: accesses are simulated in program \
                         order, and this processor hides most that are too weak.";

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
    let simulated = search_all(trials, limits, &mut evidence)?;
    let failed = match (simulated, under_stress) {
        (None, Some(hung)) if hung.failure == Failure::TooSlow => {
            // A busy machine can hold up a round; it does not do so every time.
            confine::for_stress();
            stress_all(trials, limits, PATIENT_ROUND, &mut evidence)?
        }
        (simulated, under_stress) => simulated.or(under_stress),
    };
    evidence.push(ORDERINGS.into());
    Ok(Report { failed, evidence })
}

fn stress_all(
    trials: &[Trial],
    limits: &Limits,
    round: Duration,
    evidence: &mut Vec<String>,
) -> Result<Option<Failed>, String> {
    let stressed = || trials.iter().filter(|trial| !trial.terms.only_simulated);
    if limits.stress.is_zero() {
        return Ok(None);
    }
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

/// Trials to which nobody comes are first: each is one execution, and an answer that
/// polls would make the other searches long. That a process went on without what it
/// waits for is told last: other trials show what comes of it.
fn search_all(
    trials: &[Trial],
    limits: &Limits,
    evidence: &mut Vec<String>,
) -> Result<Option<Failed>, String> {
    let numbered = || trials.iter().zip(1..);
    let mut went_on = None;
    for (trial, number) in numbered() {
        let Some(alone) = trial.terms.alone else { continue };
        tell_trial(number, trials.len());
        match wait_alone(trial, number, alone, evidence)? {
            Alone::Waits => {}
            Alone::WentOn(failed) => went_on = went_on.or(Some(failed)),
            Alone::Failed(failed) => return Ok(Some(failed)),
        }
    }
    let searched: Vec<_> = numbered().filter(|(trial, _)| trial.terms.alone.is_none()).collect();
    let mut budget = BUDGET;
    for (done, (trial, number)) in searched.iter().enumerate() {
        tell_trial(*number, trials.len());
        let share = budget / (searched.len() - done) as u64;
        let mut seeker = Seeker { trial, number: *number, limits, share, spent: 0 };
        if let Some(failed) = seeker.search(evidence)? {
            return Ok(Some(failed));
        }
        budget = budget.saturating_sub(seeker.spent);
    }
    Ok(went_on)
}

/// Searches one trial, within its share of the budget.
struct Seeker<'a> {
    trial: &'a Trial,
    number: usize,
    limits: &'a Limits,
    share: u64,
    spent: u64,
}

impl Seeker<'_> {
    /// All schedules within the trial's bound, and some beyond. The default schedule
    /// is tried first: code that always fails does so there, and it tells how much a
    /// schedule costs.
    fn search(&mut self, evidence: &mut Vec<String>) -> Result<Option<Failed>, String> {
        let trial = self.trial;
        let first = match self.explore(trial.search().max_schedules(1))? {
            Ok(report) => report,
            Err(refused) => return Ok(Some(refused)),
        };
        let too_long = matches!(first.verdict, Verdict::OutOfSteps { .. });
        if trial.terms.may_be_cut && too_long {
            let steps = thousands(trial.step_limit());
            evidence.push(format!("{}: cut off after {steps} steps.", trial.name()));
            return Ok(None);
        }
        if let Some(failed) = judge::found(trial, self.number, &first) {
            evidence.push(words::searched(trial.name(), &first));
            return Ok(Some(failed));
        }
        let each = first.steps + SCHEDULE;
        let affordable = (self.share / each).clamp(SCHEDULES_AT_LEAST, SCHEDULES);
        let most = self.limits.schedules.unwrap_or(affordable);
        let mut line = String::new();
        let mut drawn = trial.terms.drawn.unwrap_or(DRAWN_INSTEAD).min(most);
        if trial.terms.drawn.is_none() {
            let all = match self.explore(trial.search().max_schedules(most))? {
                Ok(report) => report,
                Err(refused) => return Ok(Some(refused)),
            };
            line = words::searched(trial.name(), &all);
            if let Some(failed) = judge::found(trial, self.number, &all) {
                evidence.push(line);
                return Ok(Some(failed));
            }
            if all.complete {
                drawn = all.schedules.min(DRAWN).min(most);
            }
        }
        // One schedule leaves nothing to draw from.
        let strategies = if drawn > 1 { trial.searches_beyond(self.limits.seed) } else { vec![] };
        let mut failed = None;
        let mut run = 0;
        for search in strategies {
            let report = match self.explore(search.max_schedules(drawn))? {
                Ok(report) => report,
                Err(refused) => return Ok(Some(refused)),
            };
            run += report.schedules;
            failed = judge::found(trial, self.number, &report);
            if failed.is_some() {
                break;
            }
        }
        if run > 0 {
            line = words::drawn(trial.name(), line, run, failed.is_some());
        }
        evidence.push(line);
        Ok(failed)
    }

    fn explore(&mut self, search: Search) -> Result<Result<SearchReport, Failed>, String> {
        let report = explore(self.trial, search)?;
        if let Ok(report) = &report {
            self.spent += report.steps + report.schedules * SCHEDULE;
        }
        Ok(report)
    }
}

/// What a search reports, or that the answer did what is refused.
fn explore(trial: &Trial, search: Search) -> Result<Result<SearchReport, Failed>, String> {
    match trial.scenario.explore(&search, &mut |_, _| {}) {
        Ok(report) => Ok(Ok(report)),
        Err(error) => judge::refused(error).map(Err),
    }
}

/// How processes wait for what does not come.
enum Alone {
    /// As they should.
    Waits,
    /// One of them does not wait.
    WentOn(Failed),
    /// They poll, or do what no waiting is.
    Failed(Failed),
}

/// One execution, in which all processes wait for ever, asleep; they neither go on
/// without what they wait for, nor look for it again and again.
fn wait_alone(
    trial: &Trial,
    number: usize,
    terms: trial::Alone,
    evidence: &mut Vec<String>,
) -> Result<Alone, String> {
    let report = match explore(trial, trial.search().max_schedules(1))? {
        Ok(report) => report,
        Err(refused) => return Ok(Alone::Failed(refused)),
    };
    let Some(replay) = &report.failure else {
        if let Some(differs) = judge::found(trial, number, &report) {
            return Ok(Alone::Failed(differs));
        }
        let held =
            trial.scenario.replay(&Schedule::default()).map_err(|error| error.to_string())?;
        return Ok(Alone::WentOn(judge::went_on(trial, number, terms, &held)));
    };
    Ok(match judge::waiting(replay) {
        Waiting::WentOn => Alone::WentOn(judge::went_on(trial, number, terms, replay)),
        Waiting::Spins if !terms.may_spin => Alone::Failed(judge::failed(trial, number, replay)),
        Waiting::Else => Alone::Failed(judge::failed(trial, number, replay)),
        Waiting::Asleep | Waiting::Spins => {
            evidence.push(format!("{}: it waits, as it should.", trial.name()));
            Alone::Waits
        }
    })
}
