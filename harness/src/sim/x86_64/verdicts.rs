//! From the end of an execution to a verdict.

use super::calls::robust::virtual_tid;
use crate::judge;
use crate::sim::limits::MAX_PROCESSES;
use crate::sim::names::Names;
use crate::sim::record::{Op, Step};
use crate::sim::turns::control::{Control, Ending, ProcessControl, State};
use crate::sim::{livelock, symbols};
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

/// The outcome, and the verdict. That of an execution which does not end is worded
/// by its verdict, and if it is foreseen so, it holds.
pub fn judge<T: Shared>(
    scenario: &Scenario<T>,
    shared: &T,
    page: &Control,
    ends: &[ProcessEnd],
    log: &Log<'_>,
) -> (String, Verdict) {
    let name = |index: usize| scenario.process_name(index);
    let late = |_| late(page, &name);
    let broken = judge::first_broken_end((0..).map(name), ends.iter(), late);
    let broken = broken.map(|verdict| with_location(verdict, page, &name));
    let endless = match page.ending.get() {
        _ if broken.is_some() => None,
        Ending::Deadlock => Some(deadlock::<T>(page, log.steps, &name)),
        Ending::OutOfSteps => Some(livelock::at_the_limit(log.image, log.steps)),
        Ending::Loop => {
            let all = page.processes().iter().enumerate();
            let loopers = all.filter(|(_, p)| p.state.get() == State::Ready).map(|(i, _)| name(i));
            Some(livelock::of(log.image, log.steps, loopers.collect()))
        }
        _ => None,
    };
    if let Some(verdict) = endless {
        let outcome = match &verdict {
            Verdict::Deadlock { .. } => verdict.to_string(),
            other => other.word().to_owned(),
        };
        let (grade, _) = scenario.grade(&outcome);
        return (outcome, if grade == Grade::Forbidden { verdict } else { Verdict::Held });
    }
    let judgement = judge::judge(scenario, &End { shared, processes: ends }, broken);
    (judgement.outcome, judgement.verdict)
}

/// The verdict on a process that made no step for too long.
fn late(page: &Control, name: &impl Fn(usize) -> String) -> Option<Verdict> {
    let of = match page.ending.get() {
        Ending::Hung => Measured::ProcessorTime,
        Ending::Asleep => Measured::Sleep,
        // It waits for others, which is told elsewhere.
        _ => return None,
    };
    let process = name(page.culprit.get().into());
    Some(Verdict::TimedOut { process, after_ms: page.hang_ms.get(), of })
}

/// A crash, with where it was.
fn with_location(verdict: Verdict, page: &Control, name: &impl Fn(usize) -> String) -> Verdict {
    let Verdict::Crashed { process, cause, .. } = verdict else { return verdict };
    let mut crashed = page.processes().iter().enumerate();
    let crashed = crashed
        .find(|(i, control)| matches!(control.state.get(), State::Crashed) && name(*i) == process);
    let location = crashed.and_then(|(_, control)| location(control));
    Verdict::Crashed { process, cause, location }
}

/// The scenario's own line where a process crashed; else whose line it was.
fn location(process: &ProcessControl) -> Option<String> {
    let frames = process.crash_frames.get();
    let own = symbols::own_place(&frames).map(|place| place.to_string());
    own.or_else(|| symbols::place(process.detail.get()))
}

fn deadlock<T: Shared>(page: &Control, steps: &[Step], name: &impl Fn(usize) -> String) -> Verdict {
    let names = Names::of::<T>();
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
        let holder = holder(page, steps, &names, pending.offset).filter(|_| shared);
        let held_by = holder.map(|index| name(index.into()));
        let ended = |index: u8| page.process(index).state.get().ended();
        let holder_ended = holder.is_some_and(ended);
        Waiter { process: name(i), field, held_by, holder_ended }
    });
    Verdict::Deadlock { waiters: waiters.collect() }
}

/// Who holds what is waited for at `offset`: the thread whose ID is in the word, or, of
/// a semaphore, the last one that took from it without giving back. No other word
/// tells: what goes down may be a count of things that nobody holds.
fn holder(page: &Control, steps: &[Step], names: &Names, offset: u32) -> Option<u8> {
    let there = steps.iter().rev().filter(|step| {
        step.what.offset == offset && step.what.op.writes() && step.what.op.touches()
    });
    let value = |bytes: [u8; 16]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let word = there.clone().map(|step| value(step.after)).next().unwrap_or(0);
    let count = page.processes().len() as u8;
    let by_id = (0..count).find(|i| word & libc::FUTEX_TID_MASK == virtual_tid(*i));
    if by_id.is_some() || names.semaphore(offset, 4).is_none() {
        return by_id;
    }
    // Backwards: who has given since, took nothing that is still held.
    let mut balance = [0i32; MAX_PROCESSES];
    let taker = there
        .filter(|step| !matches!(step.what.op, Op::Wait | Op::Wake | Op::Requeue))
        .find(|step| {
            let change = i64::from(value(step.after)) - i64::from(value(step.before));
            let balance = &mut balance[usize::from(step.process)];
            *balance += i32::from(change > 0) - i32::from(change < 0);
            *balance < 0
        });
    taker.map(|step| step.process)
}
