//! Strikes: a worker is killed or paused in the midst of its body.
//!
//! Idea: the worker strikes itself, with a timer whose signal is SIGKILL, or one
//! whose handler sleeps: the kernel then strikes on the worker's own processor,
//! wherever its body is, and no third process has to run for it. A timer is set
//! before the start, since setting one can take longer than a short body, and
//! as much too early as timers on this machine interrupt too late, or the other
//! way round: virtual machines have been seen to interrupt 1.4 µs early.
//! Source: timer_create(2), and signal-safety(7) for what a handler may do.
//! Limits: a body that blocks in the kernel uninterruptibly is struck when the
//! kernel lets go of it. One that blocks SIGPROF or takes it for itself does not
//! pause. Where there is no processor for every worker, one that has to wait for
//! its turn starts later than the others, so as not to be struck before; and
//! the others sleep at first, so that one that pauses has begun.

use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{
    SaFlags, SigAction, SigEvent, SigHandler, SigSet, SigevNotify, Signal, sigaction,
};
use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
use nix::time::{ClockId, ClockNanosleepFlags, clock_nanosleep};

use super::StressError;
use super::burial::bury;
use super::control::{Control, now_ns};
use super::slot::{NEVER, Slot};
use crate::process;

/// The signal that makes a process pause: seldom used by a program for itself.
const PAUSE: Signal = Signal::SIGPROF;

/// How long a pause is, at least: the kernel wakes a sleeper late, by its timer
/// slack (50 µs) or more. Longer than others of a round start late, so that short
/// bodies end within it.
pub const PAUSE_LENGTH: Duration = Duration::from_micros(50);

/// From setting a timer to the start of the body, at least: longer than setting
/// it takes. The same for its strike when lateness is measured.
const AHEAD: Duration = Duration::from_micros(30);

/// How long, in ns, the others sleep after the start where a worker is to pause, and
/// would otherwise have to wait until they are through. The kernel adds 50,000.
pub(super) const HEAD_START_NS: u64 = 10_000;

/// How often lateness is measured. The median of an odd number is one of them.
const MEASUREMENTS: usize = 9;

/// How long all measurements may take.
const MEASURING: Duration = Duration::from_millis(200);

/// Whether the timer has struck, while lateness is measured.
static STRUCK: AtomicBool = AtomicBool::new(false);

/// One worker's timers, each made when it is first needed.
#[derive(Default)]
pub(super) struct Strikes {
    kill: Option<Timer>,
    pause: Option<Timer>,
}

impl Strikes {
    /// Sets the timers that `slot` asks for in a round that starts at `start_ns`.
    /// Returns when this worker's body is to start: then, or later where it is
    /// struck and has come to run too late for that.
    pub(super) fn arm(
        &mut self,
        slot: &Slot,
        start_ns: u64,
        lateness_ns: &AtomicI64,
    ) -> Result<u64, Errno> {
        // Relaxed, here and below: the round's release ordered what is read.
        let struck = [&slot.kill_at, &slot.pause_at].iter().any(|at| at.load(Relaxed) != NEVER);
        if !struck {
            return Ok(start_ns);
        }
        let start_ns = start_ns.max(now_ns() + AHEAD.as_nanos() as u64);
        let aim_ns = start_ns.saturating_add_signed(-lateness_ns.load(Relaxed));
        arm(&mut self.kill, Signal::SIGKILL, &slot.kill_at, aim_ns)?;
        arm(&mut self.pause, PAUSE, &slot.pause_at, aim_ns)?;
        Ok(start_ns)
    }

    /// Stops the timers that were set.
    pub(super) fn disarm(&mut self, slot: &Slot) -> Result<(), Errno> {
        disarm(&mut self.kill, &slot.kill_at)?;
        disarm(&mut self.pause, &slot.pause_at)
    }
}

/// Sleeps for as long as `slot` says after the start.
pub(super) fn give_way(slot: &Slot, start_ns: u64) {
    let asleep_ns = slot.asleep_ns.load(Relaxed);
    if asleep_ns != 0 {
        let end = TimeSpec::from_duration(Duration::from_nanos(start_ns + asleep_ns));
        let flags = ClockNanosleepFlags::TIMER_ABSTIME;
        // Where a signal ends it early, the worker spins for the rest.
        let _ = clock_nanosleep(ClockId::CLOCK_MONOTONIC, flags, &end);
    }
}

fn arm(
    timer: &mut Option<Timer>,
    signal: Signal,
    at_ns: &AtomicU64,
    start_ns: u64,
) -> Result<(), Errno> {
    let at_ns = at_ns.load(Relaxed);
    if at_ns == NEVER {
        return Ok(());
    }
    let timer = match timer {
        Some(timer) => timer,
        None => {
            if signal == PAUSE {
                handle(pause_here)?;
            }
            timer.insert(new_timer(signal)?)
        }
    };
    set(timer, start_ns + at_ns)
}

fn set(timer: &mut Timer, due_ns: u64) -> Result<(), Errno> {
    let moment = TimeSpec::from_duration(Duration::from_nanos(due_ns));
    timer.set(Expiration::OneShot(moment), TimerSetTimeFlags::TFD_TIMER_ABSTIME)
}

fn disarm(timer: &mut Option<Timer>, at_ns: &AtomicU64) -> Result<(), Errno> {
    match timer {
        Some(timer) if at_ns.load(Relaxed) != NEVER => {
            timer.set(Expiration::OneShot(TimeSpec::new(0, 0)), TimerSetTimeFlags::empty())
        }
        _ => Ok(()),
    }
}

fn handle(handler: extern "C" fn(c_int)) -> Result<(), Errno> {
    let handler = SigHandler::Handler(handler);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: both handlers make one system call, which sets no errno, and touch
    // nothing of the program that they interrupt.
    unsafe { sigaction(PAUSE, &action) }?;
    Ok(())
}

fn new_timer(signal: Signal) -> Result<Timer, Errno> {
    let notify = SigevNotify::SigevSignal { signal, si_value: 0 };
    Timer::new(ClockId::CLOCK_MONOTONIC, SigEvent::new(notify))
}

/// Where there may be strikes, finds out how late timers interrupt at present, in
/// ns: the median of a few, measured in a child, since it takes a signal. It
/// changes with the processor's speed, so it is to be repeated now and then.
/// Where that fails, strikes are less exact, and no more than that.
pub(super) fn aim(control: &Control) -> Result<(), StressError> {
    if !control.timed() {
        return Ok(());
    }
    let measure = || {
        let stored = lateness().map(|found| control.lateness_ns.store(found, Relaxed));
        i32::from(stored.is_err())
    };
    let pid = process::fork(measure).map_err(StressError::os("fork"))?;
    let death = process::reap_within(pid, MEASURING).map_err(StressError::os("waitpid"))?;
    if death.is_none() {
        bury(pid)?;
    }
    Ok(())
}

fn lateness() -> Result<i64, Errno> {
    handle(take_note)?;
    let mut timer = new_timer(PAUSE)?;
    let mut found = [0; MEASUREMENTS];
    for lateness in &mut found {
        STRUCK.store(false, Relaxed);
        let due_ns = now_ns() + AHEAD.as_nanos() as u64;
        set(&mut timer, due_ns)?;
        let mut last_ns = due_ns;
        // Bounded by the parent's patience.
        loop {
            let ns = now_ns();
            if STRUCK.load(Relaxed) {
                break;
            }
            // The last one is that of the interruption: from then on to the
            // handler's start the kernel is at work, and the body is not.
            last_ns = ns;
        }
        *lateness = last_ns as i64 - due_ns as i64;
    }
    found.sort_unstable();
    Ok(found[MEASUREMENTS / 2])
}

extern "C" fn take_note(_signal: c_int) {
    STRUCK.store(true, Relaxed);
}

extern "C" fn pause_here(_signal: c_int) {
    let length = TimeSpec::from_duration(PAUSE_LENGTH);
    // A pause that another signal ends early is a pause too.
    let _ = clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::empty(), &length);
}
