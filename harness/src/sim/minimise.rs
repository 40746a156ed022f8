//! The shortest schedule that fails in the same way.
//!
//! Idea: a schedule is a row of runs. Each candidate leaves a run out, cuts one
//! short, or joins two runs of one process; where it cannot be followed, the
//! default goes on. One that fails in the same way with fewer switches, or with
//! as many in a shorter text, takes the place of the best, until none does.
//! Source: Zeller & Hildebrandt, "Simplifying and Isolating Failure-Inducing
//! Input", TSE 2002; simplified to single runs.

use super::Runner;
use super::order::{Execution, Order, bit};
use super::record::{Choice, Op};
use super::{Schedule, SimError};
use crate::{Shared, Verdict};

/// The most executions that are spent on it.
const TRIES: u32 = 400;

/// The most steps that are spent on it: a livelock's executions are long.
const STEPS: usize = 40_000;

/// How good a schedule is: kills, switches, length of the text.
type Cost = (usize, usize, usize);

/// The shortest schedule found that fails as `failing` does.
pub fn minimise<T: Shared>(
    runner: &mut Runner<'_, T>,
    failing: &Execution,
) -> Result<Schedule, SimError> {
    let mut best = Schedule(failing.choices());
    let mut best_cost = cost(failing, &best);
    let (mut tries, mut steps) = (0, 0);
    loop {
        let mut improved = false;
        for candidate in candidates(&best) {
            if tries == TRIES || steps >= STEPS {
                return Ok(best);
            }
            tries += 1;
            let prefix = candidate.choices();
            let execution = runner.run(&Order { prefix, ..Order::default() })?;
            steps += execution.steps.len();
            if !same(&execution.verdict, &failing.verdict) {
                continue;
            }
            let shorter = shorter(&execution, candidate);
            let new_cost = cost(&execution, &shorter);
            if new_cost < best_cost {
                (best, best_cost, improved) = (shorter, new_cost, true);
                break;
            }
        }
        if !improved {
            return Ok(best);
        }
    }
}

/// Whether two verdicts are of one kind, about one invariant.
fn same(a: &Verdict, b: &Verdict) -> bool {
    match (a, b) {
        (Verdict::Violated { invariant: a, .. }, Verdict::Violated { invariant: b, .. }) => a == b,
        _ => a.word() == b.word(),
    }
}

fn cost(execution: &Execution, schedule: &Schedule) -> Cost {
    let kills = execution.steps.iter().filter(|step| step.what.op == Op::Kill).count();
    let chosen: Vec<u8> =
        execution.steps.iter().filter(|step| step.chosen).map(|step| step.process).collect();
    let switches = chosen.windows(2).filter(|pair| pair[0] != pair[1]).count();
    (kills, switches, schedule.to_string().len())
}

/// The shorter of two schedules that lead to this execution: the one that it was
/// run by, if it could be followed, and its choices without those that must be so.
fn shorter(execution: &Execution, candidate: Schedule) -> Schedule {
    let shortened = shortened(execution);
    let followed = execution.choices().starts_with(&candidate.0);
    if followed && candidate.0.len() < shortened.0.len() { candidate } else { shortened }
}

/// The choices of an execution, without those at the end that the default
/// makes anyway.
fn shortened(execution: &Execution) -> Schedule {
    let choices = execution.choices();
    let chosen: Vec<_> = execution.steps.iter().filter(|step| step.chosen).collect();
    let forced = chosen.iter().rev().take_while(|step| {
        // One that sleeps or spins lets others go first.
        let goes_on = step.process == step.last && bit(step.enabled, step.process);
        let first = step.last == super::order::NOBODY && step.process == 0;
        let only = step.enabled == 1 << step.process && step.sleeping == 0;
        step.what.op != Op::Kill && (goes_on || only || first)
    });
    let keep = choices.len() - forced.count();
    Schedule(choices[..keep].to_vec())
}

/// Schedules that are simpler than `schedule` by one change.
fn candidates(schedule: &Schedule) -> Vec<Schedule> {
    let runs = schedule.runs();
    let mut candidates = Vec::new();
    for cut in 0..runs.len() {
        candidates.push(build(&runs[..cut]));
    }
    for out in 0..runs.len() {
        let mut rest = runs.clone();
        rest.remove(out);
        candidates.push(build(&rest));
    }
    for i in 0..runs.len().saturating_sub(1) {
        let mut swapped = runs.clone();
        swapped.swap(i, i + 1);
        candidates.push(build(&swapped));
    }
    for (i, (choice, count)) in runs.iter().enumerate().filter(|(_, (choice, _))| !choice.kill) {
        // Fewer steps now, the rest with the next run of the same process.
        for fewer in [*count / 2, count - 1, 0].into_iter().filter(|fewer| fewer < count) {
            let mut moved = runs.clone();
            moved[i].1 = fewer;
            let later = moved[i + 1..].iter_mut().find(|(other, _)| other == choice);
            if let Some((_, later)) = later {
                *later += count - fewer;
                candidates.push(build(&moved));
            }
        }
    }
    candidates
}

fn build(runs: &[(Choice, usize)]) -> Schedule {
    let choices = runs.iter().flat_map(|(choice, count)| std::iter::repeat_n(*choice, *count));
    Schedule(choices.collect())
}
