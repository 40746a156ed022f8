//! Who goes next: the decision before each step, made inside the execution.
//!
//! Idea: when a decision is made, every process stands at its next step, waits
//! on a futex, or has ended; so the decision can look at what each is about to
//! do. It follows the prefix of the schedule, and after that the policy.
//! Limits: runs inside signal handlers, so it neither allocates nor locks.

use super::control::{Control, Ending, ProcessControl, State};
use super::{log, spin};
use crate::random::mix;
use crate::sim::policy::View;
use crate::sim::policy::random::member;
use crate::sim::processes::ProcessSet;
use crate::sim::record::{Choice, Op, Pending, Step};

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This process makes the step that is pending.
    Run(u8),
    /// This process is killed.
    Kill(u8),
    /// The clock has moved on, and this process's wait has ended.
    Timeout(u8),
    /// Nothing: all have ended, or the execution has (see [`Control::ending`]).
    Over,
}

/// Who can go; see [`Step`].
#[derive(Clone, Copy, Debug)]
struct Candidates {
    enabled: ProcessSet,
    sleeping: ProcessSet,
    timed: ProcessSet,
    due: ProcessSet,
    yielded: ProcessSet,
    looping: ProcessSet,
    cut: ProcessSet,
    alive: ProcessSet,
}

impl Candidates {
    /// Those who are ready go first if they neither spin nor have yielded; then
    /// those who have yielded. Where all spin, and nothing has changed, time
    /// passes; and where nobody waits for it, they spin on in turn.
    fn of(control: &Control) -> Self {
        let ready = control.those(|process| process.state.get() == State::Ready);
        let spinning = ready & control.those(|process| spins(control, process));
        let yielded = spinning | ready & control.those(|process| process.yielded.get());
        let sleeping = control.those(|process| process.state.get() == State::Sleeping);
        let timed = control.those(|process| {
            process.state.get() == State::Blocked && process.deadline.get() != u64::MAX
        });
        let due = (sleeping | timed)
            & control.those(|process| process.deadline.get() <= control.clock.get());
        let looping = spinning & control.those(|process| process.loops.get());
        let cut =
            spinning & control.those(|process| process.turns.get() >= control.spin_turns.get());
        let alive = control.those(|process| !process.state.get().ended());
        let enabled = if !(ready - yielded).is_empty() {
            ready - yielded
        } else if !(ready - spinning).is_empty() {
            ready - spinning
        } else if first_in_time(control).is_some() {
            ProcessSet::EMPTY
        } else {
            ready.following(control.last.get()).map_or(ProcessSet::EMPTY, ProcessSet::of)
        };
        Self { enabled, sleeping, timed, due, yielded, looping, cut, alive }
    }

    /// Those that spin, and may come to an end of it.
    fn polling(&self) -> ProcessSet {
        self.yielded - self.enabled - self.looping - self.cut
    }

    /// Whether nothing will ever change: all that are left wait for another, or are
    /// in a loop that only another can end.
    fn is_stuck(&self, control: &Control) -> bool {
        let blocked = control.those(|process| process.state.get() == State::Blocked);
        (self.sleeping | self.timed).is_empty()
            && !self.looping.is_empty()
            && (self.alive - self.looping - blocked).is_empty()
    }
}

/// Whether a process does nothing until it is woken, or its time has come.
fn waits(process: &ProcessControl) -> bool {
    matches!(process.state.get(), State::Blocked | State::Sleeping)
}

/// Whether a process was found to spin, and has seen nothing new since.
fn spins(control: &Control, process: &ProcessControl) -> bool {
    process.spins_since.get() == Some(control.changes.get())
}

/// Decides, and writes the step into the log.
pub fn next(control: &Control) -> Next {
    if control.ending.get() != Ending::Running {
        return Next::Over;
    }
    let candidates = Candidates::of(control);
    if control.steps.get() >= control.step_limit.get() {
        control.ending.set(Ending::OutOfSteps);
        return Next::Over;
    }
    if candidates.is_stuck(control) {
        let stale = |p: &ProcessControl| p.loops.get() && p.loops_at.get() < control.progress.get();
        if !control.those(stale).is_empty() {
            control.processes().iter().filter(|p| stale(p)).for_each(spin::look_again);
            return next(control);
        }
        if control.choices.get() >= control.prefix_len.get() {
            control.ending.set(Ending::Loop);
            return Next::Over;
        }
    }
    if candidates.enabled.is_empty() && candidates.polling().is_empty() {
        let Some(first) = first_in_time(control) else { return stuck(control, candidates) };
        let process = control.process(first);
        if process.state.get() == State::Blocked {
            time_out(control, candidates, first, process.deadline.get(), Cause::Forced);
            return Next::Timeout(first);
        }
    }
    choose(control, candidates)
}

/// Nobody can go. Where somebody was killed and a recovery stands ready, those
/// that are stuck since are killed as well, and then it recovers.
fn stuck(control: &Control, candidates: Candidates) -> Next {
    let Some(process) = candidates.alive.first() else { return Next::Over };
    let killed = control.those(|process| process.state.get() == State::Killed);
    let recovering = candidates.alive.has(control.count.get());
    if killed.is_empty() || !control.recovers.get() || recovering {
        control.ending.set(Ending::Deadlock);
        return Next::Over;
    }
    let ip = control.process(process).pending.get().ip;
    let what = Pending { op: Op::Kill, ip, ..Pending::default() };
    write_log(control, candidates, process, what, Cause::Forced);
    Next::Kill(process)
}

/// The process whose sleep or timed wait ends first.
fn first_in_time(control: &Control) -> Option<u8> {
    let waiting = control.processes().iter().enumerate().filter(|(_, p)| waits(p));
    let key =
        |process: &ProcessControl| (process.deadline.get(), process.state.get() == State::Blocked);
    let first = waiting.filter(|(_, p)| p.deadline.get() != u64::MAX).min_by_key(|(_, p)| key(p));
    // At most MAX_PROCESSES, which fits.
    first.map(|(i, _)| i as u8)
}

/// The wait of `waiter` has come to its deadline.
fn time_out(control: &Control, candidates: Candidates, waiter: u8, deadline: u64, cause: Cause) {
    let process = control.process(waiter);
    let what = Pending { op: Op::Timeout, argument: deadline, ..process.pending.get() };
    write_log(control, candidates, waiter, what, cause);
    control.clock.set(control.clock.get().max(deadline));
    process.wake_result.set(-i64::from(libc::ETIMEDOUT));
    process.state.set(State::Running);
}

fn choose(control: &Control, candidates: Candidates) -> Next {
    let index = control.choices.get();
    let prefixed = index < control.prefix_len.get();
    let mut choice = if prefixed {
        let wanted = control.prefix[index as usize].get();
        let possible = if wanted.kill {
            candidates.alive
        } else {
            candidates.enabled | candidates.yielded | candidates.sleeping | candidates.timed
        };
        if possible.has(wanted.process) {
            wanted
        } else {
            control.diverged.set(control.diverged.get().or(Some(index)));
            Choice::go(go_on(control, candidates))
        }
    } else {
        Choice::go(by_policy(control, candidates))
    };
    if !prefixed
        && !candidates.timed.is_empty()
        && happens(control, control.timeout_chance.get())
        && let Some(process) = member(candidates.timed, &control.random)
    {
        choice.process = process;
    }
    if !prefixed
        && control.processes().iter().any(|process| process.looked_ns.get() > 0)
        && happens(control, control.timeout_chance.get())
    {
        choice.late = true;
    }
    let left = control.kills_left.get();
    if !prefixed && left > 0 && happens(control, control.kill_chance.get()) {
        control.kills_left.set(left - 1);
        choice = Choice::kill(choice.process);
    }
    control.choices.set(index + 1);

    let process = control.process(choice.process);
    if choice.kill {
        let what = Pending { op: Op::Kill, ip: process.pending.get().ip, ..Pending::default() };
        write_log(
            control,
            candidates,
            choice.process,
            what,
            Cause::Chosen { passed: 0, late: false },
        );
        return Next::Kill(choice.process);
    }
    let polls_on = process.state.get() == State::Ready && spins(control, process);
    let passed = if choice.late { spin::HOUR_NS } else { 0 };
    let passed = passed + if polls_on { spin::passes_ns(process) } else { 0 };
    let cause = Cause::Chosen { passed, late: choice.late };
    let expires = process.state.get() == State::Blocked;
    if expires {
        time_out(control, candidates, choice.process, process.deadline.get(), cause);
    } else {
        write_log(control, candidates, choice.process, process.pending.get(), cause);
    }
    if polls_on {
        spin::go_on(process);
    }
    // Whoever had yielded has let another go, or was the only one left; the one
    // that spins, if it is this one, was made to go on.
    control.processes().iter().for_each(|process| process.yielded.set(false));
    process.spins_since.set(None);
    if process.state.get() == State::Sleeping {
        control.clock.set(control.clock.get().max(process.deadline.get()));
    }
    process.state.set(State::Running);
    control.last.set(choice.process);
    if expires { Next::Timeout(choice.process) } else { Next::Run(choice.process) }
}

/// Why a step is made.
#[derive(Clone, Copy)]
enum Cause {
    /// Nothing else can happen.
    Forced,
    /// It was chosen, after the clock has moved on by `passed` nanoseconds.
    Chosen { passed: u64, late: bool },
}

/// Lets the time pass that the step brings with it, and writes it into the log.
fn write_log(control: &Control, candidates: Candidates, process: u8, what: Pending, cause: Cause) {
    let (chosen, passed, late) = match cause {
        Cause::Forced => (false, 0, false),
        Cause::Chosen { passed, late } => (true, passed, late),
    };
    let step = Step {
        process,
        last: control.last.get(),
        chosen,
        late,
        passed,
        what,
        enabled: candidates.enabled,
        sleeping: candidates.sleeping,
        timed: candidates.timed,
        due: candidates.due,
        yielded: candidates.yielded,
        looping: candidates.looping,
        cut: candidates.cut,
        spinning: spinning(control),
        alive: candidates.alive,
        owners: control.those(|process| process.owner.get()),
        ..Step::default()
    };
    log::append(control, step);
    control.clock.set(control.clock.get().saturating_add(passed));
    let looped = control.process(process).looped.get();
    if !candidates.looping.has(process) && !looped {
        control.progress.set(control.steps.get());
    }
}

/// What the processes have seen repeatedly, and how often: when each will be
/// found to spin.
fn spinning(control: &Control) -> u32 {
    let processes = control.processes().iter().zip(1u64..);
    let repeating = processes.filter(|(p, _)| {
        (p.repeats.get() > 0 || p.turns.get() > 0)
            && p.recent_changes.get() == control.changes.get()
    });
    let all = repeating.fold(0, |all, (p, i)| {
        let repeats = if p.loops.get() { 0 } else { p.repeats.get() };
        mix(all ^ mix(i << 40 | u64::from(p.turns.get()) << 32 | u64::from(repeats)))
    });
    all as u32
}

/// Whether something happens that has a chance of `chance` in 2^32.
fn happens(control: &Control, chance: u32) -> bool {
    (control.random.draw() as u32) < chance
}

fn by_policy(control: &Control, candidates: Candidates) -> u8 {
    // In an execution, half of them poll on as if nothing else could be done.
    let enabled = candidates.enabled | candidates.polling() & control.patient.get();
    if control.policy.goes_on() || enabled.is_empty() {
        return go_on(control, candidates);
    }
    let ready = control.those(|process| process.state.get() == State::Ready);
    let view = View {
        enabled,
        possible: enabled | candidates.sleeping,
        yielded: candidates.yielded,
        ready,
        standing: ready | candidates.sleeping,
        alive: candidates.alive,
        last: control.last.get(),
        choices: control.choices.get(),
        pending: |process| control.process(process).pending.get(),
    };
    let chosen = control.policy.choose(&view, &control.random);
    chosen.unwrap_or_else(|| go_on(control, candidates))
}

/// The last one goes on; if it cannot, the next in order that can; if none can,
/// the one whose sleep or wait ends first.
fn go_on(control: &Control, candidates: Candidates) -> u8 {
    let last = control.last.get();
    if candidates.enabled.has(last) {
        return last;
    }
    let next = candidates.enabled.following(last).or_else(|| first_in_time(control));
    // Somebody is alive, or there is nothing to choose.
    next.or_else(|| candidates.alive.following(last)).unwrap_or(0)
}
