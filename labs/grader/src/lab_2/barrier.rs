//! Exercise `barrier`: nobody goes on before all have arrived, again and again.
//!
//! Given: a count with its lock, and two gates.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::shared;

use crate::{Failure, Trial, TrialBuilder, Work};

/// The most processes that meet in these trials.
const MOST: usize = 3;

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
    fn work(&self, _: u64) -> Work {
        Work::Write(vec![
            self.one_alone(),
            self.meet("two processes meet once", 2, 1).preemptions(2).build(),
            self.meet("two processes meet twice", 2, 2).preemptions(1).build(),
            self.meet("three processes meet once", 3, 1).preemptions(0).build(),
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

    fn one_alone(&self) -> Trial {
        let wait = self.wait;
        let trial = shut("one process, and no other arrives", 2);
        trial.process("process", move |state| wait(&state.barrier)).nobody_comes().build()
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
