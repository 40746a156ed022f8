//! Who goes next: the decision before each step, made inside the execution.
//!
//! Idea: when a decision is made, every process stands at its next step, waits
//! on a futex, or has ended; so the decision can look at what each is about to
//! do. It follows the prefix of the schedule, and after that the policy.
//! Sources: PCT: Burckhardt et al., ASPLOS 2010. POS: Yuan, Yang & Gu, CAV 2018.
//! SURW: Zhao, Wolff, Mathur & Roychoudhury, ASPLOS 2025.
//! Limits: runs inside signal handlers, so it neither allocates nor locks.

use super::control::{
    Control, MAX_FRAMES, MAX_STEPS, NOBODY, Outcome, Policy, ProcessControl, State,
};
use super::mix;
pub use super::order::bit;
use super::record::{Choice, Op, Pending, Step};

/// A count of changes that is never reached.
pub const NEVER: u64 = u64::MAX;

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This process makes the step that is pending.
    Run(u8),
    /// This process is killed.
    Kill(u8),
    /// The clock has moved on, and this process's wait has ended.
    Timeout(u8),
    /// Nothing: all have ended, or the execution has (see [`Control::outcome`]).
    Over,
}

/// Who can go, as masks.
#[derive(Clone, Copy, Debug)]
struct Candidates {
    enabled: u32,
    sleeping: u32,
    timed: u32,
    yielded: u32,
    alive: u32,
}

impl Candidates {
    /// Those who are ready go first if they neither spin nor have yielded; then
    /// those who have yielded. Where all spin, and nothing has changed, time
    /// passes; and where nobody waits for it, they spin on in turn.
    fn of(control: &Control) -> Self {
        let ready = control.mask(|process| process.state.get() == State::Ready);
        let spinning = ready & control.mask(|process| spins(control, process));
        let yielded = spinning | ready & control.mask(|process| process.yielded.get());
        let sleeping = control.mask(|process| process.state.get() == State::Sleeping);
        let timed = control.mask(|process| {
            process.state.get() == State::Blocked && process.deadline.get() != u64::MAX
        });
        let alive = control.mask(|process| !process.state.get().ended());
        let enabled = if ready & !yielded != 0 {
            ready & !yielded
        } else if ready & !spinning != 0 {
            ready & !spinning
        } else if ready == 0 || earliest(control, waits).is_some() {
            0
        } else {
            1 << following(control, ready)
        };
        Self { enabled, sleeping, timed, yielded, alive }
    }
}

/// Whether a process does nothing until it is woken, or its time has come.
fn waits(process: &ProcessControl) -> bool {
    matches!(process.state.get(), State::Blocked | State::Sleeping)
}

/// Whether a process was found to spin, and has seen nothing new since.
fn spins(control: &Control, process: &ProcessControl) -> bool {
    process.spins_since.get() == control.changes.get()
}

/// Decides, and writes the step into the log.
pub fn next(control: &Control) -> Next {
    if control.outcome.get() != Outcome::Running {
        return Next::Over;
    }
    let candidates = Candidates::of(control);
    if control.steps.get() >= control.step_limit.get() {
        control.outcome.set(Outcome::OutOfSteps);
        return Next::Over;
    }
    if candidates.enabled == 0 {
        let wait = earliest(control, |process| process.state.get() == State::Blocked);
        let sleep = earliest(control, |process| process.state.get() == State::Sleeping);
        match (wait, sleep) {
            (Some((deadline, waiter)), sleep) if sleep.is_none_or(|(end, _)| deadline < end) => {
                time_out(control, candidates, waiter, deadline, false);
                return Next::Timeout(waiter);
            }
            (None, None) => return stuck(control, candidates),
            _ => {}
        }
    }
    choose(control, candidates)
}

/// Nobody can go. Where somebody was killed and a recovery stands ready, those
/// that are stuck since are killed as well, and then it recovers.
fn stuck(control: &Control, candidates: Candidates) -> Next {
    if candidates.alive == 0 {
        return Next::Over;
    }
    let killed = control.mask(|process| process.state.get() == State::Killed) != 0;
    let recovering = bit(candidates.alive, control.count.get());
    if !killed || !control.recovers.get() || recovering {
        control.outcome.set(Outcome::Deadlock);
        return Next::Over;
    }
    let process = candidates.alive.trailing_zeros() as u8;
    let ip = control.processes[usize::from(process)].pending.get().ip;
    let what = Pending { op: Op::Kill, ip, ..Pending::default() };
    write_log(control, candidates, process, what, false);
    Next::Kill(process)
}

/// The process with the earliest deadline among those for which `test` holds.
fn earliest(control: &Control, test: impl Fn(&ProcessControl) -> bool) -> Option<(u64, u8)> {
    let deadlines = control.processes().iter().enumerate().filter(|(_, process)| test(process));
    // At most MAX_PROCESSES, which fits.
    deadlines
        .map(|(i, process)| (process.deadline.get(), i as u8))
        .filter(|(at, _)| *at != u64::MAX)
        .min()
}

/// The wait of `waiter` has come to its deadline.
fn time_out(control: &Control, candidates: Candidates, waiter: u8, deadline: u64, chosen: bool) {
    let process = &control.processes[usize::from(waiter)];
    let what = Pending { op: Op::Timeout, argument: deadline, ..process.pending.get() };
    write_log(control, candidates, waiter, what, chosen);
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
        if bit(possible, wanted.process) {
            wanted
        } else {
            control.diverged.set(control.diverged.get().min(index));
            Choice { process: go_on(control, candidates), kill: false }
        }
    } else {
        Choice { process: by_policy(control, candidates), kill: false }
    };
    if !prefixed
        && candidates.timed != 0
        && (control.next_random() as u32) < control.timeout_chance.get()
    {
        choice.process = pick(control, candidates.timed);
    }
    let left = control.kills_left.get();
    if !prefixed && left > 0 && (control.next_random() as u32) < control.kill_chance.get() {
        control.kills_left.set(left - 1);
        choice.kill = true;
    }
    control.choices.set(index + 1);

    let process = &control.processes[usize::from(choice.process)];
    if choice.kill {
        let what = Pending { op: Op::Kill, ip: process.pending.get().ip, ..Pending::default() };
        write_log(control, candidates, choice.process, what, true);
        return Next::Kill(choice.process);
    }
    let expires = process.state.get() == State::Blocked;
    if expires {
        time_out(control, candidates, choice.process, process.deadline.get(), true);
    } else {
        write_log(control, candidates, choice.process, process.pending.get(), true);
    }
    // Whoever had yielded has let another go, or was the only one left; the one
    // that spins, if it is this one, was made to go on.
    control.processes().iter().for_each(|process| process.yielded.set(false));
    process.spins_since.set(NEVER);
    if process.state.get() == State::Sleeping {
        control.clock.set(control.clock.get().max(process.deadline.get()));
    }
    process.state.set(State::Running);
    control.last.set(choice.process);
    if expires { Next::Timeout(choice.process) } else { Next::Run(choice.process) }
}

fn write_log(control: &Control, candidates: Candidates, process: u8, what: Pending, chosen: bool) {
    let step = Step {
        process,
        last: control.last.get(),
        chosen,
        what,
        enabled: candidates.enabled,
        sleeping: candidates.sleeping,
        timed: candidates.timed,
        yielded: candidates.yielded,
        spinning: spinning(control),
        alive: candidates.alive,
        owners: control.mask(|process| process.owner.get()),
        ..Step::default()
    };
    append(control, step);
}

/// What the processes have seen repeatedly, and how often: when each will be
/// found to spin.
fn spinning(control: &Control) -> u32 {
    let processes = control.processes().iter().zip(1u64..);
    let repeating = processes
        .filter(|(p, _)| p.repeats.get() > 0 && p.recent_changes.get() == control.changes.get());
    let all = repeating.fold(0, |all, (p, i)| mix(all ^ mix(i << 32 | u64::from(p.repeats.get()))));
    all as u32
}

/// Adds a step to the log. Where the log is full, the last one is replaced; the
/// next decision then ends the execution.
pub fn append(control: &Control, step: Step) {
    let index = (control.steps.get() as usize).min(MAX_STEPS - 1);
    control.log[index].set(step);
    control.steps.set(index as u32 + 1);
    if control.traced.get() {
        // Until the step is made, if it ever is, its own instruction is known.
        let mut frames = [0; MAX_FRAMES];
        frames[0] = step.what.ip;
        control.frames[index].set(frames);
    }
}

fn by_policy(control: &Control, candidates: Candidates) -> u8 {
    if candidates.enabled == 0 {
        return go_on(control, candidates);
    }
    // A sleep may end at any time: it is as good as a step that is ready.
    let possible = candidates.enabled | candidates.sleeping;
    match control.policy.get() {
        Policy::GoOn => go_on(control, candidates),
        Policy::Random => pick(control, possible),
        // Whoever sleeps gives way, or one that polls would never end.
        Policy::Pct => {
            lower_at_change_point(control, candidates.enabled);
            highest(control, candidates.enabled)
        }
        Policy::Pos => {
            let process = highest(control, possible);
            redraw_racing(control, process);
            process
        }
        Policy::Surw => surw(control, possible),
    }
}

/// The last one goes on; if it cannot, the next in order that can; if none can,
/// the one whose sleep ends first.
fn go_on(control: &Control, candidates: Candidates) -> u8 {
    let last = control.last.get();
    if bit(candidates.enabled, last) {
        return last;
    }
    if candidates.enabled != 0 {
        return following(control, candidates.enabled);
    }
    let sleeper = earliest(control, |process| process.state.get() == State::Sleeping);
    sleeper.map_or_else(|| following(control, candidates.alive), |(_, process)| process)
}

/// The member of `mask` that comes next after the last one that went, in a circle.
fn following(control: &Control, mask: u32) -> u8 {
    let last = control.last.get();
    let from = if last == NOBODY { 0 } else { u32::from(last) + 1 };
    let behind = mask.checked_shr(from).unwrap_or(0);
    let index = if behind == 0 { mask.trailing_zeros() } else { behind.trailing_zeros() + from };
    index as u8
}

/// A random member of `mask`, which is not empty.
fn pick(control: &Control, mask: u32) -> u8 {
    let mut skip = control.next_random() % u64::from(mask.count_ones());
    let mut rest = mask;
    while skip > 0 {
        rest &= rest - 1;
        skip -= 1;
    }
    rest.trailing_zeros() as u8
}

fn highest(control: &Control, mask: u32) -> u8 {
    let members = (0..u32::BITS as u8).filter(|i| bit(mask, *i));
    let best = members.max_by_key(|i| control.processes[usize::from(*i)].priority.get());
    best.unwrap_or(0)
}

/// PCT: at the k-th change point, the process about to go gets priority k,
/// lower than all that were drawn at the start.
fn lower_at_change_point(control: &Control, enabled: u32) {
    let points = control.change_points.get();
    let now = control.choices.get();
    for (i, _) in points.iter().enumerate().filter(|(_, point)| **point == now && now != 0) {
        let process = highest(control, enabled);
        control.processes[usize::from(process)].priority.set(i as u64);
    }
}

/// POS: the one that goes, and all whose next step races with its step, draw anew.
fn redraw_racing(control: &Control, chosen: u8) {
    let step = control.processes[usize::from(chosen)].pending.get();
    for (i, process) in control.processes().iter().enumerate() {
        let races = process.state.get() == State::Ready && process.pending.get().conflicts(&step);
        if i == usize::from(chosen) || races {
            process.priority.set(control.next_random());
        }
    }
}

/// SURW: the process that makes the next interesting step is drawn with a chance
/// in proportion to how many it still has to make, which makes all their orders
/// as likely; the others' interesting steps wait for it. Among the steps that are
/// free, the one of the highest priority goes; each step draws its own.
fn surw(control: &Control, possible: u32) -> u8 {
    let at_interesting = control.mask(|process| is_interesting(control, process));
    let lives = |intended: u8| {
        intended != NOBODY && !control.processes[usize::from(intended)].state.get().ended()
    };
    if !lives(control.intended.get()) {
        let alive = control.mask(|process| !process.state.get().ended());
        control.intended.set(draw_by_remaining(control, alive, at_interesting));
    }
    let held_back = |intended: u8| at_interesting & !1u32.checked_shl(intended.into()).unwrap_or(0);
    if possible & !held_back(control.intended.get()) == 0 {
        // It waits for one of those that wait for it.
        control.intended.set(draw_by_remaining(control, possible, at_interesting));
    }
    let chosen = highest(control, possible & !held_back(control.intended.get()));
    let process = &control.processes[usize::from(chosen)];
    process.priority.set(control.next_random());
    if bit(at_interesting, chosen) {
        process.remaining.set(process.remaining.get().saturating_sub(1));
        control.intended.set(NOBODY);
    }
    chosen
}

fn is_interesting(control: &Control, process: &ProcessControl) -> bool {
    let (first, end) = control.interesting.get();
    let step = process.pending.get();
    let stands = matches!(process.state.get(), State::Ready | State::Sleeping);
    let counts = step.op == Op::CompareExchange || !control.exchanges_only.get();
    stands
        && counts
        && step.op.touches()
        && step.offset < end
        && first < step.offset + u32::from(step.size)
}

/// A member of `mask`, with a chance in proportion to its remaining interesting
/// steps; one that stands at such a step has at least this one. [`NOBODY`] where
/// none has any.
fn draw_by_remaining(control: &Control, mask: u32, at_interesting: u32) -> u8 {
    let weight = |i: u8| {
        let remaining = control.processes[usize::from(i)].remaining.get();
        u64::from(remaining.max(bit(at_interesting, i).into()))
    };
    let members = || (0..u32::BITS as u8).filter(|i| bit(mask, *i));
    let sum: u64 = members().map(weight).sum();
    if sum == 0 {
        return NOBODY;
    }
    let mut rest = control.next_random() % sum;
    for i in members() {
        if rest < weight(i) {
            return i;
        }
        rest -= weight(i);
    }
    NOBODY
}
