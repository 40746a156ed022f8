//! Exercise `barrier`: nobody goes on before all have arrived, again and again.
//!
//! Given: a count with its lock, and two gates.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::shared;

use crate::{Dice, Failure, Trial, TrialBuilder, Work};

/// The most processes that meet in these trials.
const MOST: usize = 5;

shared! {
    /// The barrier.
    pub struct Barrier {
        /// How many processes meet.
        pub size: AtomicU32,
        /// How many have arrived.
        pub arrived: AtomicU32,
        /// Protects `arrived`. 1: free; 0: held.
        pub lock: Semaphore,
        /// Two gates, both shut at first.
        pub gates: [Semaphore; 2],
    }
}

shared! {
    struct State {
        barrier: Barrier,
        /// How often each process has arrived.
        rounds: [AtomicU32; MOST],
    }
}

/// What is asked for.
pub struct Answer {
    /// Returns once as many processes as `size` says have called it; then it can
    /// be used again.
    pub wait: fn(barrier: &Barrier),
}

impl crate::Answer for Answer {
    /// Preemptions: what goes wrong in one round of two processes takes one before the
    /// count is written and one behind it. What goes wrong in later rounds, or with
    /// more processes, does by their order: one preemption, or none. Larger barriers
    /// and more rounds are drawn.
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        let size = dice.between(4, MOST as u64) as usize;
        let rounds = dice.between(3, 6) as u32;
        Work::Write(vec![
            self.short_of(2, 1),
            self.short_of(3, 2),
            self.short_of(size, size - 1),
            self.meet("one process meets itself", 1, rounds).build(),
            self.meet("two processes meet once", 2, 1).preemptions(2).build(),
            self.meet("two processes meet twice", 2, 2).preemptions(1).build(),
            self.meet("two processes meet three times", 2, 3).preemptions(1).build(),
            self.meet("three processes meet once", 3, 1).preemptions(0).build(),
            self.meet("three processes meet three times", 3, 3).drawn(50).build(),
            self.meet("many processes meet again and again", size, rounds).drawn(40).build(),
        ])
    }
}

impl Answer {
    /// `size` processes meet so many times, and look whether all are there.
    fn meet(&self, name: &str, size: usize, times: u32) -> TrialBuilder<State> {
        let wait = self.wait;
        shut(name, size).processes(size, "process", move |me, state: &State| {
            let mut early = String::new();
            for round in 1..=times {
                state.rounds[me].store(round, Relaxed);
                wait(&state.barrier);
                let mut others = (0..size).filter(|other| *other != me);
                let behind = others.find(|other| state.rounds[*other].load(Relaxed) < round);
                if let Some(behind) = behind {
                    early = format!("in round {round}, process {behind} had not arrived");
                }
            }
            early
        })
    }

    /// So many arrive of `size`, and no more.
    fn short_of(&self, size: usize, arrive: usize) -> Trial {
        let wait = self.wait;
        shut(&format!("a barrier for {size}, and {arrive} arrive"), size)
            .processes(arrive, "process", move |_, state: &State| wait(&state.barrier))
            .nobody_comes("all had arrived")
            .build()
    }
}

fn shut(name: &str, size: usize) -> TrialBuilder<State> {
    let start = |semaphore: &Semaphore, value| semaphore.init(value).expect("a semaphore");
    Trial::named(name, move |state: &State| {
        state.barrier.size.store(size as u32, Relaxed);
        start(&state.barrier.lock, 1);
        state.barrier.gates.iter().for_each(|gate| start(gate, 0));
    })
    .must(Failure::WrongResult, "nobody goes on before all have arrived", |end| {
        let said = (0..end.processes.len()).filter_map(|process| end.returned(process));
        let early = said.filter(|said| !said.is_empty()).map(str::to_owned).next();
        early.map_or(Ok(()), Err)
    })
    .must_free("barrier.lock", |state| &state.barrier.lock)
}
