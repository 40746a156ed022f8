//! The turn: exactly one process of an execution runs at a time.
//!
//! Idea: a process that has reached its next step decides who goes next, hands
//! the turn over through that process's futex word, and sleeps until its own
//! turn comes. One that has just been let out of a futex runs up to its next
//! step first and hands the turn straight back, so that at each decision it is
//! known what each process is about to do.
//! Limits: called inside signal handlers; neither allocates nor locks.

use std::sync::atomic::Ordering::{Acquire, Release};

use super::calls::robust;
use super::sys;
use super::world::{World, world};
use crate::sim::processes::ProcessSet;
use crate::sim::record::{Op, Pending};
use crate::sim::turns::control::{Ending, ProcessControl, State};
use crate::sim::turns::decide::{self, Next};

/// Stands at `pending` until it is chosen.
pub fn reach(pending: Pending, state: State) {
    let world = world();
    let me = world.my_control();
    me.pending.set(pending);
    me.owner.set(robust::owns(world));
    me.state.set(state);
    rest(world, me);
}

/// Sleeps on a futex, as its control already says, until woken or timed out.
/// Returns what the system call returns.
pub fn block() -> i64 {
    let world = world();
    let me = world.my_control();
    me.state.set(State::Blocked);
    rest(world, me);
    me.wake_result.get()
}

/// Lets each of the processes that were just let out of a futex run up to its next
/// step.
pub fn advance(woken: ProcessSet) {
    let world = world();
    for process in woken.iter() {
        let other = world.control.process(process);
        other.state.set(State::Running);
        other.hand_on.set(Some(world.me()));
        give(world, process);
        wait(world);
    }
}

/// Leaves the execution for good: gives up robust mutexes as the kernel would,
/// which others may see happen at any later time, so that it is a step; hands the
/// turn over and does not wait. The caller ends the process.
pub fn retire(state: State) {
    let world = world();
    let me = world.my_control();
    // One that is killed while it waits is no waiter any more, whom its own end
    // could wake.
    me.state.set(State::Running);
    if robust::owns(world) && state != State::Killed {
        reach(
            Pending { op: Op::Exit, ip: world.interrupted(), ..Pending::default() },
            State::Ready,
        );
    }
    advance(robust::die_as_owner(world));
    me.state.set(state);
    match me.hand_on.take() {
        Some(heir) => give(world, heir),
        None => drop(dispatch(world)),
    }
}

/// Waits for the first turn.
pub fn wait_for_start() {
    wait(world());
}

/// Begins the execution: the first process runs up to its first step, then the
/// second, and so on; the last one decides.
pub fn start(world: &World, first: u8, count: u8) {
    for process in first..first + count {
        let heir = Some(process + 1).filter(|heir| *heir < first + count);
        world.control.process(process).state.set(State::Running);
        world.control.process(process).hand_on.set(heir);
    }
    give(world, first);
}

fn rest(world: &World, me: &ProcessControl) {
    if let Some(heir) = me.hand_on.take() {
        give(world, heir);
        wait(world);
    } else if let Some(next) = dispatch(world)
        && next == world.me()
    {
        obey(world);
    } else {
        wait(world);
    }
}

/// Decides, and gives the turn to another or returns who has it: this process.
fn dispatch(world: &World) -> Option<u8> {
    let next = match decide::next(world.control) {
        Next::Run(process) | Next::Timeout(process) => process,
        Next::Kill(process) => {
            world.control.to_kill.set(Some(process));
            process
        }
        Next::Over => {
            end_all(world);
            return None;
        }
    };
    if next != world.me() {
        give(world, next);
    }
    Some(next)
}

/// Kills all that are left; the zygote sees to the rest.
fn end_all(world: &World) {
    let me = world.me();
    for (i, process) in world.control.processes().iter().enumerate() {
        // One that was killed from outside has no ID any more once it is reaped,
        // and 0 would be everybody.
        let pid = process.pid.get();
        if i != usize::from(me) && !process.state.get().ended() && pid > 0 {
            sys::kill(pid, libc::SIGKILL);
        }
    }
    if !world.my_control().state.get().ended() {
        sys::leave_by(libc::SIGKILL);
    }
}

fn give(world: &World, to: u8) {
    world.control.turn.set(Some(to));
    let go = &world.control.process(to).go;
    // Release: pairs with the Acquire in `wait`; all that this process wrote to
    // the control page and the shared state is seen by the next.
    go.store(1, Release);
    sys::futex_wake(go);
}

fn wait(world: &World) {
    let go = &world.my_control().go;
    // Acquire: pairs with the Release in `give`.
    while go.swap(0, Acquire) == 0 {
        sys::futex_wait(go, 0);
    }
    obey(world);
}

/// With the turn goes the order to die, if it was given.
fn obey(world: &World) {
    if world.control.to_kill.get() == Some(world.me()) {
        world.control.to_kill.set(None);
        retire(State::Killed);
        sys::leave_by(libc::SIGKILL);
    }
}

/// The execution cannot go on: says why, and ends it.
pub fn refuse(sentence: &str) -> ! {
    let world = world();
    world.control.refusal.set(sentence);
    world.control.culprit.set(world.me());
    world.control.ending.set(Ending::Refused);
    end_all(world);
    sys::leave_by(libc::SIGKILL)
}
