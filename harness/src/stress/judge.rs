//! What one round says about its scenario.
//!
//! Idea: the cause comes before its effects. A process that crashed explains
//! one that panicked or hangs, and either explains a broken invariant; so
//! invariants are asked only where every process returned or was killed as
//! planned.
//! Limits: only the first cause of a round is named; its processes' ends and
//! all its violations are counted.

use std::time::Duration;

use crate::panics;
use crate::scenario::{Check, End, Grade, ProcessEnd, Scenario};
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

/// A round, judged.
pub(super) struct Judgement {
    pub(super) outcome: String,
    /// The invariants that did not hold: their numbers, and what was found.
    pub(super) violated: Vec<(usize, String)>,
    pub(super) verdict: Verdict,
}

/// Judges a round that left `shared` behind.
pub(super) fn judge<T: Shared>(
    scenario: &Scenario<T>,
    shared: &T,
    round: &RoundEnd,
    deadline: Duration,
) -> Judgement {
    let end = End { shared, processes: &round.ends };
    let (outcome, unworded) = match panics::catch(|| (scenario.outcome)(&end)) {
        Ok(outcome) => (outcome, None),
        Err(message) => ("panicked".into(), Some(panicked("outcome", message))),
    };
    let broken = first_broken_end(scenario, round, deadline);
    let (mut violated, mut violation) = (Vec::new(), None);
    if broken.is_none() {
        for (number, invariant) in scenario.invariants.iter().enumerate() {
            if let Some((found, verdict)) = ask(&invariant.name, &invariant.check, &end) {
                violated.push((number, found));
                violation.get_or_insert(verdict);
            }
        }
    }
    let leaked = || {
        let what = round.leaks.join(", ");
        (!what.is_empty()).then_some(Verdict::Leaked { what })
    };
    let verdict = broken
        .or(violation)
        .or(unworded)
        .or_else(|| forbidden(scenario, &outcome))
        .or_else(leaked)
        .unwrap_or(Verdict::Held);
    Judgement { outcome, violated, verdict }
}

/// The verdict on the end that best explains the others.
fn first_broken_end<T: Shared>(
    scenario: &Scenario<T>,
    round: &RoundEnd,
    deadline: Duration,
) -> Option<Verdict> {
    let names = scenario.process_names().chain(["recovery"]);
    let ends = round.ends.iter().chain(&round.recovery);
    let verdicts = names.zip(ends).filter_map(|(name, end)| broken_end(name, end, deadline));
    verdicts.min_by_key(|verdict| match verdict {
        Verdict::Crashed { .. } => 0,
        Verdict::Panicked { .. } => 1,
        _ => 2,
    })
}

fn broken_end(name: &str, end: &ProcessEnd, deadline: Duration) -> Option<Verdict> {
    let process = name.to_owned();
    let crashed = |cause| Some(Verdict::Crashed { process: name.into(), cause, location: None });
    match end {
        ProcessEnd::Returned { .. } | ProcessEnd::Killed => None,
        ProcessEnd::Panicked { message } => Some(panicked(name, message.clone())),
        ProcessEnd::Signalled { signal } => crashed(signal.clone()),
        ProcessEnd::Exited { status } => crashed(format!("exit({status})")),
        ProcessEnd::TimedOut => {
            let after_ms = deadline.as_millis().try_into().unwrap_or(u64::MAX);
            Some(Verdict::TimedOut { process, after_ms, of: Measured::RealTime })
        }
    }
}

/// What was found where the invariant called `name` does not hold, and the verdict.
fn ask<T>(name: &str, check: &Check<T>, end: &End<'_, T>) -> Option<(String, Verdict)> {
    match panics::catch(|| check(end)) {
        Ok(Ok(())) => None,
        Ok(Err(detail)) => {
            Some((detail.clone(), Verdict::Violated { invariant: name.into(), detail }))
        }
        Err(message) => {
            let found = format!("panicked: {message}");
            Some((found, panicked(&format!("invariant {name}"), message)))
        }
    }
}

fn forbidden<T: Shared>(scenario: &Scenario<T>, outcome: &str) -> Option<Verdict> {
    let (grade, reason) = scenario.grade(outcome);
    (grade == Grade::Forbidden).then(|| {
        let detail = format!("{outcome} ({reason})");
        Verdict::Violated { invariant: "outcome".into(), detail }
    })
}

fn panicked(process: &str, message: String) -> Verdict {
    Verdict::Panicked { process: process.into(), message }
}
