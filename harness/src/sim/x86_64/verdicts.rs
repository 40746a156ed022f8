//! From the end of an execution to a verdict.

use super::control::{Control, NOBODY, Outcome, ProcessControl, State};
use super::record::{Op, Step};
use super::robust::virtual_tid;
use super::{livelock, symbols};
use crate::panics;
use crate::{End, Grade, Measured, ProcessEnd, Scenario, Shared, Verdict, Waiter};

/// What was done in an execution.
pub struct Log<'a> {
    /// The shared bytes before the first step.
    pub image: &'a [u8],
    /// The steps, in order.
    pub steps: &'a [Step],
}

/// How a process ended; `None` for a recovery that was not needed.
pub fn end_of(process: &ProcessControl) -> Option<ProcessEnd> {
    Some(match process.state.get() {
        State::Absent => return None,
        State::Returned => ProcessEnd::Returned { value: process.text.get() },
        State::Panicked => ProcessEnd::Panicked { message: process.text.get() },
        State::Killed => ProcessEnd::Killed,
        State::Crashed => ProcessEnd::Signalled { signal: process.text.get() },
        State::Exited => ProcessEnd::Exited { status: process.detail.get() as i32 },
        State::Running | State::Ready | State::Sleeping | State::Blocked => ProcessEnd::TimedOut,
    })
}

/// The outcome in the scenario's words, and the verdict.
pub fn judge<T: Shared>(
    scenario: &Scenario<T>,
    shared: &T,
    page: &Control,
    ends: &[ProcessEnd],
    log: &Log<'_>,
) -> (String, Verdict) {
    let name = |index: usize| scenario.process_name(index);
    let early = early_end(page, ends, &name).or_else(|| match page.outcome.get() {
        Outcome::Deadlock => Some(deadlock::<T>(page, log.steps, &name)),
        Outcome::OutOfSteps => Some(livelock::verdict(log.image, log.steps)),
        outcome @ (Outcome::Hung | Outcome::Asleep) => Some(Verdict::TimedOut {
            process: name(page.culprit.get().into()),
            after_ms: page.hang_ms.get(),
            of: match outcome {
                Outcome::Hung => Measured::ProcessorTime,
                _ => Measured::Sleep,
            },
        }),
        Outcome::Running | Outcome::Refused | Outcome::Starved => None,
    });
    if let Some(verdict) = early {
        return (verdict.word().to_owned(), verdict);
    }
    let end = End { shared, processes: ends };
    let worded = panics::catch(|| (scenario.outcome)(&end));
    let outcome = match worded {
        Ok(outcome) => outcome,
        Err(message) => return panicked("the wording of the outcome".into(), message),
    };
    let mut broken = None;
    for invariant in &scenario.invariants {
        match panics::catch(|| (invariant.check)(&end)) {
            Ok(Ok(())) => {}
            Ok(Err(detail)) => {
                let invariant = invariant.name.clone();
                broken = broken.or(Some(Verdict::Violated { invariant, detail }));
            }
            Err(message) => return panicked(format!("invariant {:?}", invariant.name), message),
        }
    }
    let verdict = broken.unwrap_or_else(|| match scenario.grade(&outcome) {
        (Grade::Forbidden, reason) => Verdict::Violated {
            invariant: "outcome".into(),
            detail: format!("{outcome}: {reason}"),
        },
        _ => Verdict::Held,
    });
    (outcome, verdict)
}

fn panicked(process: String, message: String) -> (String, Verdict) {
    ("panicked".into(), Verdict::Panicked { process, message })
}

/// The first process that did not return from its body.
fn early_end(
    page: &Control,
    ends: &[ProcessEnd],
    name: &impl Fn(usize) -> String,
) -> Option<Verdict> {
    ends.iter().enumerate().find_map(|(i, end)| match end {
        ProcessEnd::Panicked { message } => {
            Some(Verdict::Panicked { process: name(i), message: message.clone() })
        }
        ProcessEnd::Signalled { signal } => Some(Verdict::Crashed {
            process: name(i),
            cause: signal.clone(),
            location: location(&page.processes[i]),
        }),
        ProcessEnd::Exited { status } => Some(Verdict::Crashed {
            process: name(i),
            cause: format!("exit({status})"),
            location: None,
        }),
        ProcessEnd::Returned { .. } | ProcessEnd::Killed | ProcessEnd::TimedOut => None,
    })
}

/// The scenario's own line where a process crashed; else whose line it was.
fn location(process: &ProcessControl) -> Option<String> {
    let frames = process.crash_frames.get();
    let own = symbols::own_place(&frames).map(|place| place.to_string());
    own.or_else(|| symbols::place(process.detail.get()))
}

fn deadlock<T: Shared>(page: &Control, steps: &[Step], name: &impl Fn(usize) -> String) -> Verdict {
    let names = super::names::Names::of::<T>();
    let blocked = page.processes().iter().enumerate();
    let blocked = blocked.filter(|(_, process)| process.state.get() == State::Blocked);
    let waiters = blocked.map(|(i, process)| {
        let pending = process.pending.get();
        let shared = pending.size > 0;
        let field = if shared {
            names.name(pending.offset, pending.size.into())
        } else {
            "something private".into()
        };
        let holder = if shared { holder(page, steps, pending.offset) } else { NOBODY };
        let held_by = (holder != NOBODY).then(|| name(holder.into()));
        Waiter { process: name(i), field, held_by }
    });
    Verdict::Deadlock { waiters: waiters.collect() }
}

/// Who holds what is waited for at `offset`: the thread whose ID is in the word,
/// or else the last one that took from it without giving back.
fn holder(page: &Control, steps: &[Step], offset: u32) -> u8 {
    let there = steps.iter().rev().filter(|step| {
        step.what.offset == offset && step.what.op.writes() && step.what.op.touches()
    });
    let value = |bytes: [u8; 16]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let word = there.clone().map(|step| value(step.after)).next().unwrap_or(0);
    let count = page.processes().len() as u8;
    let by_id = (0..count).find(|i| word & libc::FUTEX_TID_MASK == virtual_tid(*i));
    let mut balance = [0i32; super::control::MAX_PROCESSES];
    let last_taker = || {
        // Backwards: who has given since, took nothing that is still held.
        there
            .filter(|step| !matches!(step.what.op, Op::Wait | Op::Wake | Op::Requeue))
            .find(|step| {
                let change = i64::from(value(step.after)) - i64::from(value(step.before));
                let balance = &mut balance[usize::from(step.process)];
                *balance += i32::from(change > 0) - i32::from(change < 0);
                *balance < 0
            })
            .map(|step| step.process)
    };
    by_id.or_else(last_taker).unwrap_or(NOBODY)
}
