//! The shortest schedule that fails in the same way.
//!
//! Idea: a schedule is a row of runs. First the shortest beginning that still
//! fails is found by halving. Then windows of runs, from half of them down to
//! single ones, are left out, or sorted so that each process goes once. At last
//! single runs are moved and cut short. Where a candidate cannot be followed, the
//! default goes on. One that fails in the same way with fewer switches, or with
//! as many in a shorter text, takes the place of the best, until none does.
//! Source: Zeller & Hildebrandt, "Simplifying and Isolating Failure-Inducing
//! Input", TSE 2002.
//! Limits: stops at its bounds on executions, steps and time with the best so far.

use std::time::Instant;

use super::Runner;
use super::limits::NOBODY;
use super::order::{Execution, Order};
use super::processes::ProcessSet;
use super::record::{Choice, Op, Step};
use super::{Schedule, SimError};
use crate::{Shared, Verdict};

/// The most executions that are spent on it.
const TRIES: u32 = 400;

/// The most steps that are spent on it, in executions as long as the failing one:
/// enough to halve its schedule, and to try the larger windows.
const LONG_TRIES: usize = 20;

/// The least that is spent on it where executions are short, in steps.
const STEPS: usize = 40_000;

/// A choice, and how often it is made in a row.
type Run = (Choice, usize);

/// How good a schedule is: kills and late steps, switches, length of the text.
type Cost = (usize, usize, usize);

/// The shortest schedule found that fails as `failing` does, before `until`.
pub fn minimise<T: Shared>(
    runner: &mut Runner<'_, T>,
    failing: &Execution,
    until: Option<Instant>,
) -> Result<Schedule, SimError> {
    let best = Schedule(failing.choices());
    let mut hunt = Hunt {
        cost: cost(failing, &best),
        best,
        wanted: &failing.verdict,
        tries: TRIES,
        steps: STEPS.max(LONG_TRIES * failing.steps.len()),
        until,
        runner,
    };
    hunt.halve()?;
    hunt.clear_windows()?;
    while hunt.change_one_run()? {}
    Ok(hunt.best)
}

struct Hunt<'h, 'r, T: Shared> {
    runner: &'h mut Runner<'r, T>,
    wanted: &'h Verdict,
    best: Schedule,
    cost: Cost,
    /// How many executions, and how many steps, may still be spent.
    tries: u32,
    steps: usize,
    until: Option<Instant>,
}

impl<T: Shared> Hunt<'_, '_, T> {
    fn spent(&self) -> bool {
        let late = self.until.is_some_and(|until| Instant::now() >= until);
        self.tries == 0 || self.steps == 0 || late
    }

    /// Whether a schedule fails in the same way and is better; then it is the best.
    fn improves(&mut self, runs: &[Run]) -> Result<bool, SimError> {
        if self.spent() {
            return Ok(false);
        }
        let candidate = build(runs);
        let execution =
            self.runner.run(&Order { prefix: candidate.choices(), ..Order::default() })?;
        self.tries -= 1;
        self.steps = self.steps.saturating_sub(execution.steps.len());
        if !same(&execution.verdict, self.wanted) {
            return Ok(false);
        }
        let shorter = shorter(&execution, candidate);
        let cost = cost(&execution, &shorter);
        let better = cost < self.cost;
        if better {
            (self.best, self.cost) = (shorter, cost);
        }
        Ok(better)
    }

    /// Looks for a short beginning after which the default fails, too.
    fn halve(&mut self) -> Result<(), SimError> {
        let runs = self.best.runs();
        let (mut holds, mut fails) = (0, runs.len());
        if self.improves(&[])? {
            return Ok(());
        }
        while fails - holds > 1 && !self.spent() {
            let middle = usize::midpoint(holds, fails);
            if self.improves(&runs[..middle])? {
                fails = middle;
            } else {
                holds = middle;
            }
        }
        Ok(())
    }

    /// Leaves windows of runs out, or lets each process go once in them: large
    /// windows first.
    fn clear_windows(&mut self) -> Result<(), SimError> {
        let mut size = self.best.runs().len() / 2;
        while size > 1 {
            let mut from = 0;
            while !self.spent() {
                let runs = self.best.runs();
                let Some(rest) = runs.get(from..).filter(|rest| !rest.is_empty()) else { break };
                let (window, behind) = rest.split_at(size.min(rest.len()));
                let without = [&runs[..from], behind].concat();
                let sorted = [&runs[..from], &sorted(window), behind].concat();
                // What takes a better one's place stands at the same place.
                if !self.improves(&without)? && !self.improves(&sorted)? {
                    from += size;
                }
            }
            size /= 2;
        }
        Ok(())
    }

    /// Changes one run, or the order of two; whether that led to a better schedule.
    fn change_one_run(&mut self) -> Result<bool, SimError> {
        let runs = self.best.runs();
        for change in [cut_off, leave_out, in_time, swap, halve, shorten, move_on] {
            for at in 0..runs.len() {
                if let Some(changed) = change(&runs, at)
                    && self.improves(&changed)?
                {
                    return Ok(true);
                }
                if self.spent() {
                    return Ok(false);
                }
            }
        }
        Ok(false)
    }
}

/// The runs of a window, those of one process behind one another, with its kill
/// behind its last step.
fn sorted(window: &[Run]) -> Vec<Run> {
    let mut sorted: Vec<Run> = Vec::new();
    for (choice, count) in window {
        let own = sorted.iter().rposition(|(other, _)| other.process == choice.process);
        match own {
            Some(own) if choice.kill => sorted.insert(own + 1, (*choice, *count)),
            Some(own) => sorted[own].1 += count,
            None => sorted.push((*choice, *count)),
        }
    }
    sorted
}

fn cut_off(runs: &[Run], at: usize) -> Option<Vec<Run>> {
    Some(runs[..at].to_vec())
}

fn leave_out(runs: &[Run], at: usize) -> Option<Vec<Run>> {
    Some([&runs[..at], &runs[at + 1..]].concat())
}

fn in_time(runs: &[Run], at: usize) -> Option<Vec<Run>> {
    let mut changed = runs.to_vec();
    changed[at].0.late.then(|| changed[at].0.late = false)?;
    Some(changed)
}

fn swap(runs: &[Run], at: usize) -> Option<Vec<Run>> {
    let mut swapped = runs.to_vec();
    (at + 1 < runs.len()).then(|| swapped.swap(at, at + 1))?;
    Some(swapped)
}

fn halve(runs: &[Run], at: usize) -> Option<Vec<Run>> {
    fewer(runs, at, runs[at].1 / 2)
}

fn shorten(runs: &[Run], at: usize) -> Option<Vec<Run>> {
    fewer(runs, at, runs[at].1 - 1)
}

fn move_on(runs: &[Run], at: usize) -> Option<Vec<Run>> {
    fewer(runs, at, 0)
}

/// Fewer steps now, the rest with the next run of the same process.
fn fewer(runs: &[Run], at: usize, count: usize) -> Option<Vec<Run>> {
    let (choice, before) = runs[at];
    let next = runs[at + 1..].iter().position(|(other, _)| *other == choice)? + at + 1;
    if choice.kill || choice.late {
        return None;
    }
    let mut moved = runs.to_vec();
    moved[at].1 = count;
    moved[next].1 += before - count;
    Some(moved)
}

/// Whether two verdicts are of one kind, about one invariant.
fn same(a: &Verdict, b: &Verdict) -> bool {
    match (a, b) {
        (Verdict::Violated { invariant: a, .. }, Verdict::Violated { invariant: b, .. }) => a == b,
        _ => a.word() == b.word(),
    }
}

fn cost(execution: &Execution, schedule: &Schedule) -> Cost {
    let odd = |step: &&Step| step.what.op == Op::Kill || step.late;
    let odd = execution.steps.iter().filter(odd).count();
    let chosen = || execution.steps.iter().filter(|step| step.chosen).map(|step| step.process);
    let switches = chosen().zip(chosen().skip(1)).filter(|(a, b)| a != b).count();
    (odd, switches, schedule.to_string().len())
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
    let mut choices = execution.choices();
    let chosen = execution.steps.iter().rev().filter(|step| step.chosen);
    let forced = chosen.take_while(|step| {
        // One that sleeps or spins lets others go first.
        let goes_on = step.process == step.last && step.enabled.has(step.process);
        let first = step.last == NOBODY && step.process == 0;
        let only = step.enabled == ProcessSet::of(step.process) && step.sleeping.is_empty();
        step.what.op != Op::Kill && !step.late && (goes_on || only || first)
    });
    choices.truncate(choices.len() - forced.count());
    Schedule(choices)
}

fn build(runs: &[Run]) -> Schedule {
    let choices = runs.iter().flat_map(|(choice, count)| std::iter::repeat_n(*choice, *count));
    Schedule(choices.collect())
}
