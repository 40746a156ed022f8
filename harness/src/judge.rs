//! From the end of a run to its outcome and verdict: in the same words, whether it
//! ran under stress or in the simulator.
//!
//! Idea: the cause comes before its effects. A process that crashed explains one
//! that panicked or did not end, and either explains a broken invariant; so
//! invariants are asked only where every process returned or was killed as planned.

use crate::panics;
use crate::scenario::{Check, End, Grade, ProcessEnd, Scenario};
use crate::shared::Shared;
use crate::verdict::Verdict;

/// A run, judged.
pub(crate) struct Judgement {
    /// The outcome in the scenario's words.
    pub(crate) outcome: String,
    /// The invariants that did not hold: their numbers, and what was found.
    pub(crate) violated: Vec<(usize, String)>,
    /// What it means.
    pub(crate) verdict: Verdict,
}

/// Judges an end; `broken` is the verdict on its processes, where one of them did
/// not end as it should.
pub(crate) fn judge<T: Shared>(
    scenario: &Scenario<T>,
    end: &End<'_, T>,
    broken: Option<Verdict>,
) -> Judgement {
    let (outcome, unworded) = match panics::catch(|| (scenario.outcome)(end)) {
        Ok(outcome) => (outcome, None),
        Err(message) => ("panicked".into(), Some(panicked("outcome", message))),
    };
    let (mut violated, mut violation) = (Vec::new(), None);
    if broken.is_none() {
        for (number, invariant) in scenario.invariants.iter().enumerate() {
            if let Some((found, verdict)) = ask(&invariant.name, &invariant.check, end) {
                violated.push((number, found));
                violation.get_or_insert(verdict);
            }
        }
    }
    let verdict = broken
        .or(violation)
        .or(unworded)
        .or_else(|| forbidden(scenario, &outcome))
        .unwrap_or(Verdict::Held);
    Judgement { outcome, violated, verdict }
}

/// The verdict on the end that best explains the others; `late` is the one on a
/// process that did not end.
pub(crate) fn first_broken_end<'a>(
    names: impl Iterator<Item = String>,
    ends: impl Iterator<Item = &'a ProcessEnd>,
    late: impl Fn(String) -> Option<Verdict>,
) -> Option<Verdict> {
    let verdicts = names.zip(ends).filter_map(|(process, end)| match end {
        ProcessEnd::Returned { .. } | ProcessEnd::Killed => None,
        ProcessEnd::Panicked { message } => Some(panicked(&process, message.clone())),
        ProcessEnd::Signalled { signal } => {
            Some(Verdict::Crashed { process, cause: signal.clone(), location: None })
        }
        ProcessEnd::Exited { status } => {
            Some(Verdict::Crashed { process, cause: format!("exit({status})"), location: None })
        }
        ProcessEnd::TimedOut => late(process),
    });
    verdicts.min_by_key(|verdict| match verdict {
        Verdict::Crashed { .. } => 0,
        Verdict::Panicked { .. } => 1,
        _ => 2,
    })
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
