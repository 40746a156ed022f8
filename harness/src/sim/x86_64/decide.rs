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
pub use super::order::bit;
use super::record::{Choice, Op, Pending, Step};
use super::{mix, spin};

/// PCT: the lowest priority that a change point gives; those of spinners are lower.
pub const LOWERED: u64 = 1 << 32;

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

/// Who can go, as masks; see [`Step`].
#[derive(Clone, Copy, Debug)]
struct Candidates {
    enabled: u32,
    sleeping: u32,
    timed: u32,
    due: u32,
    yielded: u32,
    looping: u32,
    cut: u32,
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
        let due = (sleeping | timed)
            & control.mask(|process| process.deadline.get() <= control.clock.get());
        let looping = spinning & control.mask(|process| process.loops.get());
        let cut =
            spinning & control.mask(|process| process.turns.get() >= control.spin_turns.get());
        let alive = control.mask(|process| !process.state.get().ended());
        let enabled = if ready & !yielded != 0 {
            ready & !yielded
        } else if ready & !spinning != 0 {
            ready & !spinning
        } else if ready == 0 || first_in_time(control).is_some() {
            0
        } else {
            1 << following(control, ready)
        };
        Self { enabled, sleeping, timed, due, yielded, looping, cut, alive }
    }

    /// Those that spin, and may come to an end of it.
    fn polling(&self) -> u32 {
        self.yielded & !self.enabled & !self.looping & !self.cut
    }

    /// Whether nothing will ever change: all that are left wait for another, or are
    /// in a loop that only another can end.
    fn is_stuck(&self, control: &Control) -> bool {
        self.sleeping | self.timed == 0
            && self.looping != 0
            && self.alive & !self.looping & control.mask(|p| p.state.get() != State::Blocked) == 0
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
    if candidates.is_stuck(control) && control.choices.get() >= control.prefix_len.get() {
        let stale = |p: &ProcessControl| p.loops.get() && p.loops_at.get() < control.progress.get();
        if control.mask(stale) == 0 {
            control.outcome.set(Outcome::Loop);
            return Next::Over;
        }
        control.processes().iter().filter(|p| stale(p)).for_each(spin::look_again);
        return next(control);
    }
    if candidates.enabled == 0 && candidates.polling() == 0 {
        let Some(first) = first_in_time(control) else { return stuck(control, candidates) };
        let process = &control.processes[usize::from(first)];
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
    let process = &control.processes[usize::from(waiter)];
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
        if bit(possible, wanted.process) {
            wanted
        } else {
            control.diverged.set(control.diverged.get().min(index));
            Choice::go(go_on(control, candidates))
        }
    } else {
        Choice::go(by_policy(control, candidates))
    };
    if !prefixed
        && candidates.timed != 0
        && (control.next_random() as u32) < control.timeout_chance.get()
    {
        choice.process = pick(control, candidates.timed);
    }
    if !prefixed
        && control.processes().iter().any(|process| process.looked_ns.get() > 0)
        && (control.next_random() as u32) < control.timeout_chance.get()
    {
        choice.late = true;
    }
    let left = control.kills_left.get();
    if !prefixed && left > 0 && (control.next_random() as u32) < control.kill_chance.get() {
        control.kills_left.set(left - 1);
        choice = Choice::kill(choice.process);
    }
    control.choices.set(index + 1);

    let process = &control.processes[usize::from(choice.process)];
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
    process.spins_since.set(NEVER);
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
        owners: control.mask(|process| process.owner.get()),
        ..Step::default()
    };
    append(control, step);
    control.clock.set(control.clock.get().saturating_add(passed));
    let looped = control.processes[usize::from(process)].looped.get();
    if !bit(candidates.looping, process) && !looped {
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
    if control.policy.get() == Policy::GoOn {
        return go_on(control, candidates);
    }
    // In an execution, half of them poll on as if nothing else could be done.
    let enabled = candidates.enabled | candidates.polling() & control.patient.get();
    if enabled == 0 {
        return go_on(control, candidates);
    }
    // A sleep may end at any time: it is as good as a step that is ready.
    let possible = enabled | candidates.sleeping;
    match control.policy.get() {
        Policy::GoOn => go_on(control, candidates),
        Policy::Random => pick(control, possible),
        // Whoever sleeps gives way, or one that polls would never end.
        Policy::Pct => {
            lower_spinner(control, candidates.yielded & !enabled);
            lower_at_change_point(control, enabled);
            highest(control, enabled)
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
/// the one whose sleep or wait ends first.
fn go_on(control: &Control, candidates: Candidates) -> u8 {
    let last = control.last.get();
    if bit(candidates.enabled, last) {
        return last;
    }
    if candidates.enabled != 0 {
        return following(control, candidates.enabled);
    }
    first_in_time(control).unwrap_or_else(|| following(control, candidates.alive))
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

/// PCT: one that has just been found to spin, or has yielded, goes behind all
/// others. Else one of high priority would spin on after each of the others' steps.
fn lower_spinner(control: &Control, yielded: u32) {
    let last = control.last.get();
    if bit(yielded, last) {
        let lowest = control.lowest.get() - 1;
        control.lowest.set(lowest);
        control.processes[usize::from(last)].priority.set(lowest);
    }
}

/// PCT: at the k-th change point, the process about to go gets the k-th priority of
/// those that are lower than all that were drawn at the start, and higher than those
/// of spinners.
fn lower_at_change_point(control: &Control, enabled: u32) {
    let points = control.change_points.get();
    let now = control.choices.get();
    for (i, _) in points.iter().enumerate().filter(|(_, point)| **point == now && now != 0) {
        let process = highest(control, enabled);
        control.processes[usize::from(process)].priority.set(LOWERED + i as u64);
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
