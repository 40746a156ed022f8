//! From how an execution ended to what the mistake was.

use shmkv_harness::sim::{Replay, Row, SearchReport, SimError, Timeline};
use shmkv_harness::{ProcessEnd, Verdict, Waiter, thousands};

use super::confine::{FORBIDDEN, OUT_OF_TIME};
use super::message::{Execution, Failed};
use crate::trial::Alone;
use crate::{Failure, Trial};

/// This file, from the folder of the crate whose code the exercises give.
const HERE: &str = "check/judge.rs";

/// What [`todo!`] panics with.
const TODO: &str = "not yet implemented";

/// What `verdict` says about an answer that went through `trial`.
pub(super) fn failure(trial: &Trial, verdict: &Verdict) -> Failure {
    match verdict {
        Verdict::Violated { invariant, .. } => trial.meaning(invariant),
        Verdict::Deadlock { .. } => Failure::Deadlock,
        Verdict::Livelock { .. } | Verdict::OutOfSteps { .. } => Failure::Livelock,
        Verdict::Crashed { cause, .. } if cause == OUT_OF_TIME => Failure::TooSlow,
        Verdict::Panicked { message, .. } if message.starts_with(TODO) => Failure::NotAttempted,
        Verdict::Panicked { .. } => Failure::Panic,
        Verdict::TimedOut { .. } => Failure::TooSlow,
        // No name and no process can be made, so none is left behind; and a verdict that
        // holds is no failure, and never comes here.
        Verdict::Crashed { .. } | Verdict::Leaked { .. } | Verdict::Held => Failure::Crash,
    }
}

/// The same in a sentence, for whoever sees the execution.
pub(super) fn sentence(trial: &Trial, replay: &Replay) -> String {
    match &replay.verdict {
        Verdict::Deadlock { waiters } => {
            let waits: Vec<String> =
                waiters.iter().map(|waiter| waits(trial, waiter, &replay.timeline)).collect();
            format!("{}.", waits.join("; "))
        }
        Verdict::Livelock { loopers, .. } if !loopers.is_empty() => {
            looping(loopers, &replay.timeline)
        }
        Verdict::Livelock { steps, .. } => going_in_circles(*steps, &replay.timeline),
        Verdict::OutOfSteps { limit } if polls_with_pauses(&replay.timeline).is_some() => {
            going_in_circles(*limit, &replay.timeline)
        }
        other => ended(other),
    }
}

/// What a verdict says that needs no execution.
pub(super) fn ended(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Held => "All is as it should be.".into(),
        Verdict::Violated { invariant, detail } => {
            format!("This must hold: {invariant}. Found: {detail}.")
        }
        Verdict::Crashed { process, cause, .. } if cause == OUT_OF_TIME => {
            format!("{process} went on computing, and would not have ended.")
        }
        Verdict::OutOfSteps { limit } => {
            format!("It was not at its end after {limit} steps, far more than are needed.")
        }
        Verdict::Crashed { process, cause, .. } if cause == FORBIDDEN => format!(
            "{process} asked the system for what no answer needs, such as a file, another \
             process or the network."
        ),
        Verdict::Panicked { message, .. } if message.starts_with(TODO) => {
            "There is still a todo! to fill in.".into()
        }
        other => {
            let words = other.to_string();
            // The verdict's own word stands in front of the sentence already.
            let rest = words.split_once(": ").map_or(words.as_str(), |(_, rest)| rest);
            format!("{rest}.")
        }
    }
}

/// Who waits for what, and why in vain. Only a lock has a holder: a semaphore that
/// counts things is posted by whoever makes one.
fn waits(trial: &Trial, waiter: &Waiter, timeline: &Timeline) -> String {
    let Waiter { process, field, held_by, .. } = waiter;
    let semaphore = field.strip_suffix(".value");
    let what = semaphore.unwrap_or(field);
    let why = match held_by.as_deref().filter(|_| trial.is_lock(field)) {
        Some(holder) if holder == process => match taken(timeline, holder, what) {
            Some(step) => {
                format!("which it holds itself: it has not given back what it took in step {step}")
            }
            None => "which it holds itself".to_owned(),
        },
        Some(holder) => format!("which {holder} holds"),
        None if trial.is_lock(field) => "and nobody is left who could give it back".to_owned(),
        None if semaphore.is_some() => "and nobody is left who could post it".to_owned(),
        None => "and nobody is left who could wake it".to_owned(),
    };
    format!("{process} waits for {what}, {why}")
}

/// The step in which `process` took the lock in `field` last.
fn taken(timeline: &Timeline, process: &str, field: &str) -> Option<usize> {
    let took = |row: &&Row| row.op == "take" && row.field.as_deref() == Some(field);
    let by = |row: &&Row| timeline.processes.get(row.process).is_some_and(|name| name == process);
    timeline.rows.iter().rev().filter(took).find(by).map(|row| row.step)
}

/// How many rows at the end of a livelock show what goes on.
const LAST_ROWS: usize = 30;

/// What processes do in a loop that only another could end.
fn looping(loopers: &[String], timeline: &Timeline) -> String {
    let of = |row: &&Row| timeline.processes.get(row.process) == loopers.last();
    let step = timeline.rows.iter().rev().find(of);
    match (loopers, step) {
        ([one], Some(step)) => {
            let again = Row { repeats: 1, ..step.clone() }.words();
            format!(
                "{one} repeats `{again}` for ever: it does not sleep, and nobody is left to \
                 change what it finds."
            )
        }
        _ => format!(
            "{} repeat their steps for ever, and nobody is left to change what they find.",
            loopers.join(" and ")
        ),
    }
}

fn last_rows(timeline: &Timeline) -> &[Row] {
    &timeline.rows[timeline.rows.len().saturating_sub(LAST_ROWS)..]
}

/// A timed wait that has ended, among the last rows.
fn polls_with_pauses(timeline: &Timeline) -> Option<&Row> {
    last_rows(timeline).iter().find(|row| row.op == "timeout")
}

/// What processes do that make steps and get nowhere.
fn going_in_circles(steps: u64, timeline: &Timeline) -> String {
    let last = last_rows(timeline);
    let name = |row: &Row| timeline.processes.get(row.process).map_or("it", String::as_str);
    let head = format!("The execution was given up after {} steps:", thousands(steps));
    if let Some(row) = polls_with_pauses(timeline) {
        return format!(
            "{head} {}'s timed wait ends again and again, and nothing has changed. That is \
             polling with pauses: without a deadline it would sleep until somebody wakes it.",
            name(row)
        );
    }
    let mut turning: Vec<&str> = last.iter().map(name).collect();
    turning.sort_unstable();
    turning.dedup();
    match last.iter().rev().find(|row| row.repeats > 1) {
        Some(row) if turning.len() == 1 => {
            let again = Row { repeats: 1, ..row.clone() }.words();
            format!(
                "{head} {} goes on with `{again}`, and nobody changes what it finds.",
                name(row)
            )
        }
        _ => format!("{head} {} go on, and get nowhere.", turning.join(" and ")),
    }
}

/// An execution that failed, as the learner is told.
pub(super) fn failed(trial: &Trial, number: usize, replay: &Replay) -> Failed {
    let endless = matches!(replay.verdict, Verdict::Livelock { .. } | Verdict::OutOfSteps { .. });
    if endless
        && let Ok(longer) = trial.scenario.replay(&replay.schedule)
        && matches!(
            longer.verdict,
            Verdict::Held
                | Verdict::Violated { .. }
                | Verdict::Deadlock { .. }
                | Verdict::Panicked { .. }
        )
    {
        // It does get somewhere: the trial's limit on steps was too small for it.
        return failed_at_last(trial, number, &longer);
    }
    let mut failure = failure(trial, &replay.verdict);
    let mut sentence = sentence(trial, replay);
    if let Some(process) = forgotten_by(trial, replay) {
        failure = Failure::LeftLocked;
        sentence += &format!(" {process} has returned, and nobody else can give it back.");
    }
    Failed { failure, sentence, execution: Some(execution(trial.name(), number, replay)) }
}

/// An execution that took more steps than an answer may need, and then ended.
fn failed_at_last(trial: &Trial, number: usize, replay: &Replay) -> Failed {
    if !replay.verdict.held() {
        return failed(trial, number, replay);
    }
    let steps: usize = replay.timeline.rows.iter().map(|row| row.steps * row.repeats).sum();
    let sentence = format!(
        "It ended, after {} steps; {} are more than any answer needs. Touch the shared state \
         less often.",
        thousands(steps as u64),
        thousands(trial.step_limit()),
    );
    let execution = Some(execution(trial.name(), number, replay));
    Failed { failure: Failure::TooSlow, sentence, execution }
}

/// What processes do for which nobody comes.
pub(super) enum Waiting {
    /// They sleep, or wait with long deadlines.
    Asleep,
    /// They look again and again.
    Spins,
    /// One of them has returned.
    WentOn,
    /// What no waiting is: a panic, a crash.
    Else,
}

/// What the processes of a trial to which nobody comes do; the last process is the
/// clock.
pub(super) fn waiting(replay: &Replay) -> Waiting {
    let Some((clock, ends)) = replay.ends.split_last() else { return Waiting::Else };
    if ends.iter().any(|end| matches!(end, ProcessEnd::Returned { .. })) {
        return Waiting::WentOn;
    }
    let time_passed = matches!(clock, ProcessEnd::Returned { .. });
    let sleeps = |row: &Row| row.op == "sleep" && row.process + 1 < replay.ends.len();
    match replay.verdict {
        Verdict::Deadlock { .. } => Waiting::Asleep,
        Verdict::Livelock { ref loopers, .. } if !loopers.is_empty() => Waiting::Spins,
        // What wakes it need not wait for a deadline to pass, but does for a sleep.
        Verdict::Livelock { .. } | Verdict::OutOfSteps { .. }
            if time_passed && !replay.timeline.rows.iter().any(sleeps) =>
        {
            Waiting::Asleep
        }
        Verdict::Livelock { .. } | Verdict::OutOfSteps { .. } => Waiting::Spins,
        _ => Waiting::Else,
    }
}

/// An execution in which a process has returned that was to wait.
pub(super) fn went_on(trial: &Trial, number: usize, alone: Alone, replay: &Replay) -> Failed {
    let ends = replay.timeline.processes.iter().zip(&replay.ends);
    let mut returned = ends.filter(|(_, end)| matches!(end, ProcessEnd::Returned { .. }));
    let process = returned.next().map_or("it", |(process, _)| process);
    let mut sentence = format!("{process} went on before {}.", alone.before);
    let timed_out = |row: &Row| row.op == "timeout";
    if replay.timeline.rows.iter().any(timed_out) {
        sentence += " That the deadline of a wait has passed is no reason to go on.";
    }
    let failure = match &replay.verdict {
        Verdict::Violated { invariant, detail } => {
            sentence += &format!(" Found: {detail}.");
            trial.meaning(invariant)
        }
        _ => Failure::WrongResult,
    };
    Failed { failure, sentence, execution: Some(execution(trial.name(), number, replay)) }
}

/// The execution that a search found to fail; `None` where it found none, or
/// could not repeat it.
pub(super) fn found(trial: &Trial, number: usize, report: &SearchReport) -> Option<Failed> {
    if let Some(replay) = &report.failure {
        return Some(failed(trial, number, replay));
    }
    let difference = report.nondeterminism.as_ref()?;
    let sentence = format!(
        "The same schedule, run twice, differed at step {}: {}, then {}. What a process does \
         may depend on its arguments and on the shared state only.",
        difference.step, difference.was, difference.now
    );
    Some(Failed { failure: Failure::WrongResult, sentence, execution: None })
}

/// A timeline in which what is given is told from the learner's file, which may
/// have the same name.
fn drawn(timeline: &Timeline) -> String {
    let mut timeline = timeline.clone();
    let given = file!().strip_suffix(HERE).unwrap_or(file!());
    for place in timeline.rows.iter_mut().filter_map(|row| row.place.as_mut()) {
        if place.file.starts_with(given)
            && let Some((_, name)) = place.file.rsplit_once('/')
        {
            place.file = format!("given {name}");
        }
    }
    if timeline.rows.is_empty() { String::new() } else { timeline.to_string() }
}

/// An execution, drawn.
pub(super) fn execution(name: &str, number: usize, replay: &Replay) -> Execution {
    Execution {
        trial: number,
        name: name.to_owned(),
        schedule: replay.schedule.to_string(),
        verdict: replay.verdict.to_string(),
        timeline: drawn(&replay.timeline),
    }
}

/// What a process did that the simulator refuses is the answer's fault; all else
/// is the machine's.
pub(super) fn refused(error: SimError) -> Result<Failed, String> {
    match error {
        SimError::Refused { process, what } => {
            let sentence = format!("{process} did what no answer needs: {what}.");
            Ok(Failed { failure: Failure::Crash, sentence, execution: None })
        }
        other => Err(other.to_string()),
    }
}

/// In a deadlock in which all wait for a lock that one process holds, which has
/// returned: that process.
fn forgotten_by<'a>(trial: &Trial, replay: &'a Replay) -> Option<&'a str> {
    let Verdict::Deadlock { waiters } = &replay.verdict else { return None };
    let holder = waiters.first()?.held_by.as_deref()?;
    let waits_for_it =
        |waiter: &Waiter| trial.is_lock(&waiter.field) && waiter.held_by.as_deref() == Some(holder);
    let ends = replay.timeline.processes.iter().zip(&replay.ends);
    let returned = ends
        .filter(|(name, _)| *name == holder)
        .any(|(_, end)| matches!(end, ProcessEnd::Returned { .. }));
    (returned && waiters.iter().all(waits_for_it)).then_some(holder)
}
