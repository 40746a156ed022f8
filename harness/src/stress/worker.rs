//! A worker: the process that does one body, round after round.
//!
//! Idea: it sleeps until a round is released, meets the others at the gate, does
//! its body, says how that ended, and sleeps again. One that is to be killed
//! or to pause does that itself; see `strike`.
//! Limits: what a body keeps outside the shared state (statics, threads, open
//! files) is still there in its later rounds.

use std::io::Write;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use nix::errno::Errno;
use nix::unistd::{Pid, pause};

use super::control::{Control, now_ns};
use super::slot::{Round, Slot, Stage};
use super::strike::{self, Strikes};
use crate::memory::Mapping;
use crate::scenario::Body;
use crate::trap::Trap;
use crate::{panics, process};

/// Begins the message of a worker in which the harness itself failed, not the body.
pub(super) const FAILED: &str = "the harness in this process failed: ";

/// One worker, seen from within.
pub(super) struct Worker<'a, T> {
    /// Holds the [`Control`].
    pub(super) page: &'a Arc<Mapping>,
    /// Which of its slots is this worker's.
    pub(super) number: usize,
    pub(super) shared: &'a T,
    pub(super) body: &'a Body<T>,
    pub(super) parent: Pid,
    pub(super) trap: Option<&'a Trap>,
    /// What it gives up before the first body.
    pub(super) confine: &'a dyn Fn() -> Result<(), String>,
    /// Whether there is a processor for every worker, so that spinning at the
    /// gate takes none from whom it waits for.
    pub(super) spin: bool,
}

impl<T> Worker<'_, T> {
    /// Does rounds after `last` until it is told to stop. Returns the exit status.
    pub(super) fn serve(&self, last: Round) -> i32 {
        self.run(|| self.rounds_after(last))
    }

    /// Does the body once, on its own: the recovery.
    pub(super) fn serve_once(&self) -> i32 {
        self.run(|| {
            let round = self.control().round();
            self.perform(round, process::id());
            self.slot().set_idle(round);
            self.control().ring();
            Ok(())
        })
    }

    fn run(&self, work: impl FnOnce() -> Result<(), Errno>) -> i32 {
        self.record_panics();
        let done = process::settle_in(self.parent).map_err(|error| error.to_string());
        let done = done.and_then(|()| {
            // Where it fails, the log says that it is incomplete.
            let _ = self.trap.map(Trap::install);
            (self.confine)()?;
            work().map_err(|error| error.to_string())
        });
        // What the body printed without ending the line. Nobody is left to be
        // told that standard output is closed.
        let _ = std::io::stdout().flush();
        let Err(error) = done else { return 0 };
        let round = self.control().round();
        self.slot().panicking(round, &format!("{FAILED}{error}"));
        self.slot().panicked(round);
        1
    }

    fn rounds_after(&self, mut last: Round) -> Result<(), Errno> {
        let (control, slot) = (self.control(), self.slot());
        let (me, mut strikes) = (process::id(), Strikes::default());
        while let Some(round) = control.next_round(last) {
            let start_ns = control.meet(round, self.spin);
            let start_ns = strikes.arm(slot, start_ns, &control.lateness_ns)?;
            strike::give_way(slot, start_ns);
            wait_for_start(start_ns, slot);
            self.perform(round, me);
            strikes.disarm(slot)?;
            control.finish(slot, round);
            last = round;
        }
        Ok(())
    }

    fn perform(&self, round: Round, me: Pid) {
        let (timed, slot) = (self.control().timed(), self.slot());
        slot.begin(round);
        let before = if timed { now_ns() } else { 0 };
        let ended = panic::catch_unwind(AssertUnwindSafe(|| (self.body)(self.shared)));
        let took_ns = if timed { now_ns().saturating_sub(before) } else { 0 };
        if process::id() != me {
            // The body forked and returned twice. This is the copy: it has no
            // part in the round. The original finds it below.
            loop {
                pause();
            }
        }
        match ended {
            Ok(value) => slot.returned(round, &value, took_ns),
            Err(_) => slot.panicked(round),
        }
        if process::reap_all_dead() {
            slot.leaves_processes();
        }
    }

    fn control(&self) -> &Control {
        self.page.as_shared()
    }

    fn slot(&self) -> &Slot {
        &self.control().slots[self.number]
    }

    /// From here on, panics in this process are stored in its slot, not printed.
    ///
    /// The hook stores them, since a panic that cannot unwind gets no further.
    fn record_panics(&self) {
        let (page, number, me) = (Arc::clone(self.page), self.number, process::id());
        panic::set_hook(Box::new(move |info| {
            let control = page.as_shared::<Control>();
            let (slot, round) = (&control.slots[number], control.round());
            let known =
                slot.stage(round) == Some(Stage::Panicking) && panics::follows_another(info);
            if process::id() == me && !known {
                slot.panicking(round, &panics::message_and_place(info));
            }
        }));
    }
}

/// Waits for the common start, then for this worker's own short delay.
fn wait_for_start(start_ns: u64, slot: &Slot) {
    // Bounded: the start is some µs away, or 0.
    while start_ns != 0 && now_ns() < start_ns {
        std::hint::spin_loop();
    }
    for turn in 0..slot.delay.load(Relaxed) {
        std::hint::black_box(turn);
    }
}
