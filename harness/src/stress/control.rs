//! The control page: what the harness and its workers tell each other in a round.
//!
//! Idea: a round is a barrier, the bodies, and a bell. The harness stores a new
//! round number and wakes the workers; each arrives at the gate, and the last to
//! arrive opens it, so that all are awake and on their processors when the
//! bodies start. Each worker stores how its body ended; the last one rings.
//! Every word carries the round's number, so nothing left from an earlier round
//! and no stray zero is taken for an answer.
//! Limits: the page lies in the workers' address space. A body that writes all
//! over memory may hit it; what it can then forge is how its peers ended, not
//! what the shared state holds, which the harness reads for itself.

use std::sync::atomic::{
    AtomicI64, AtomicU32, AtomicU64,
    Ordering::{Relaxed, Release, SeqCst},
};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use super::slot::{Round, Slot};
use crate::futex;

/// How many processes a scenario may have.
pub(super) const MOST_PROCESSES: usize = 64;

/// The slot of the process that does the scenario's recovery.
pub(super) const RECOVERY: usize = MOST_PROCESSES;

/// How often to look before going to sleep. A pause is 10 to 50 ns.
const SPINS: u32 = 1_000;

crate::shared! {
    /// The whole page.
    #[derive(Debug)]
    #[repr(align(64))]
    pub(super) struct Control {
        /// Futex word, by the harness: the round to do.
        round: AtomicU32,
        /// By the harness: not 0 when workers are to exit.
        quit: AtomicU32,
        /// By the harness: how many workers take part.
        members: AtomicU32,
        /// By the harness: not 0 where bodies are to be timed.
        timed: AtomicU32,
        /// By the harness: from the gate's opening to the start, in ns; 0 for at once.
        lead_ns: AtomicU64,
        /// Before the first round: how late timers interrupt, in ns.
        pub(super) lateness_ns: AtomicI64,
        /// By the last to arrive: when bodies start, on the monotonic clock, in ns.
        start_ns: AtomicU64,
        /// By workers: how many have arrived in this round.
        arrived: AtomicU32,
        /// Futex word, by the last to arrive: the round whose bodies may start.
        gate: AtomicU32,
        /// By workers: how many sleep at the gate.
        sleepers: AtomicU32,
        /// Futex word, by workers: changes when the last of a round is through.
        bell: AtomicU32,
        pub(super) slots: [Slot; MOST_PROCESSES + 1],
    }
}

/// The worker's side.
impl Control {
    /// Waits for a round other than `last`; `None` when it is time to exit.
    pub(super) fn next_round(&self, last: Round) -> Option<Round> {
        // Acquire, by SeqCst: pairs with the Release in `release` and `dismiss`. Relaxed
        // could show the new round with the old shared state.
        let round = wait_while(&self.round, |round| round == last);
        (self.quit.load(Relaxed) == 0).then_some(round)
    }

    /// Waits until all have arrived; returns when to start, in ns, or 0 for now.
    pub(super) fn meet(&self, round: Round, spin: bool) -> u64 {
        // AcqRel by SeqCst: whoever is last has seen all others arrive.
        if self.arrived.fetch_add(1, SeqCst) + 1 == self.members.load(Relaxed) {
            self.open_gate(round);
        } else if !spin_while(&self.gate, spin, |gate| gate != round) {
            self.sleepers.fetch_add(1, SeqCst);
            wait_while(&self.gate, |gate| gate != round);
        }
        self.start_ns.load(Relaxed)
    }

    /// Lets all bodies of `round` start.
    pub(super) fn open_gate(&self, round: Round) {
        let lead_ns = self.lead_ns.load(Relaxed);
        self.start_ns.store(if lead_ns == 0 { 0 } else { now_ns() + lead_ns }, Relaxed);
        // SeqCst, with the count of sleepers: either they are seen here, or the
        // last of them sees the gate open before it sleeps.
        self.gate.store(round, SeqCst);
        if self.sleepers.load(SeqCst) != 0 {
            futex::wake_all(&self.gate);
        }
    }

    /// This worker is through with `round`. The last one rings.
    pub(super) fn finish(&self, slot: &Slot, round: Round) {
        // SeqCst: of two that finish at once, at least one sees both idle.
        slot.idle.store(round, SeqCst);
        if self.all_idle(round) {
            self.ring();
        }
    }

    /// Tells the harness to look.
    pub(super) fn ring(&self) {
        self.bell.fetch_add(1, SeqCst);
        futex::wake(&self.bell, 1);
    }

    /// The round that was released last.
    pub(super) fn round(&self) -> Round {
        self.round.load(Relaxed)
    }

    /// Whether bodies are to be timed.
    pub(super) fn timed(&self) -> bool {
        self.timed.load(Relaxed) != 0
    }
}

/// The harness's side.
impl Control {
    /// How many workers take part, and whether their bodies are timed.
    pub(super) fn set_up(&self, members: usize, timed: bool) {
        self.members.store(members as u32, Relaxed);
        self.timed.store(timed.into(), Relaxed);
    }

    /// Starts `round`. All workers must be idle, or dead and replaced.
    pub(super) fn release(&self, round: Round, lead_ns: u64) {
        // Relaxed: only the Release below lets workers go on.
        self.arrived.store(0, Relaxed);
        self.sleepers.store(0, Relaxed);
        self.lead_ns.store(lead_ns, Relaxed);
        // Release: pairs with the Acquire in `next_round`.
        self.round.store(round, Release);
        futex::wake_all(&self.round);
    }

    /// Tells all workers to exit.
    pub(super) fn dismiss(&self) {
        self.quit.store(1, Relaxed);
        self.round.fetch_add(1, Release);
        futex::wake_all(&self.round);
    }

    /// Whether the gate was opened in `round`.
    pub(super) fn gate_is_open(&self, round: Round) -> bool {
        self.gate.load(SeqCst) == round
    }

    /// Whether all workers are through with `round`.
    pub(super) fn all_idle(&self, round: Round) -> bool {
        let members = (self.members.load(Relaxed) as usize).min(MOST_PROCESSES);
        self.slots[..members].iter().all(|slot| slot.is_idle(round))
    }

    /// The bell's state, to be passed to [`Control::wait_for_bell`].
    pub(super) fn bell(&self) -> u32 {
        self.bell.load(SeqCst)
    }

    /// Waits until the bell is no longer at `seen`, for `limit` at most.
    pub(super) fn wait_for_bell(&self, seen: u32, limit: Duration) {
        futex::wait(&self.bell, seen, Some(limit));
    }
}

/// Now, on the monotonic clock, in ns.
pub(super) fn now_ns() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| {
        let (seconds, ns) = (now.tv_sec().cast_unsigned(), now.tv_nsec().cast_unsigned());
        seconds * 1_000_000_000 + ns
    })
}

/// Looks a bounded number of times; whether `unready` became false.
fn spin_while(word: &AtomicU32, spin: bool, unready: impl Fn(u32) -> bool) -> bool {
    let turns = if spin { SPINS } else { 1 };
    (0..turns).any(|_| {
        std::hint::spin_loop();
        !unready(word.load(SeqCst))
    })
}

/// Spins shortly, then sleeps, until `unready` is false.
///
/// Not bounded by itself: the harness kills a worker that waits too long, and
/// the kernel kills it when the harness is gone.
fn wait_while(word: &AtomicU32, unready: impl Fn(u32) -> bool) -> u32 {
    loop {
        let value = word.load(SeqCst);
        if !unready(value) {
            return value;
        }
        futex::wait(word, value, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    fn with_control(test: impl Fn(&Control)) {
        let memory = Memory::new(size_of::<Control>()).expect("a memfd");
        test(memory.map().expect("a mapping").as_shared());
    }

    #[test]
    fn last_to_finish_rings() {
        with_control(|control| {
            control.set_up(2, false);
            let round = 1;
            control.release(round, 0);
            let silent = control.bell();
            control.finish(&control.slots[0], round);
            assert_eq!(control.bell(), silent);
            control.finish(&control.slots[1], round);
            assert_ne!(control.bell(), silent);
            assert!(control.all_idle(round));
        });
    }

    #[test]
    fn last_to_arrive_opens_the_gate() {
        with_control(|control| {
            control.set_up(1, false);
            let round = 1;
            control.release(round, 0);
            assert!(!control.gate_is_open(round));
            assert_eq!(control.meet(round, true), 0);
            assert!(control.gate_is_open(round));
        });
    }
}
