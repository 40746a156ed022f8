//! Exercise `philosophers`: three sit at a round table with three forks, and
//! each needs the two beside the plate.
//!
//! Source: Dijkstra, "Hierarchical Ordering of Sequential Processes", Acta
//! Informatica 1, 1971.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::shared;

use crate::{Failure, Trial, TrialBuilder, Work};

/// Seats, and forks.
pub const SEATS: usize = 3;

shared! {
    /// The forks: fork `n` lies to the left of seat `n`, and the one to its right
    /// is the left one of the next seat. The last seat is beside the first.
    pub struct Table {
        /// 1: on the table; 0: taken.
        pub forks: [Semaphore; SEATS],
    }
}

shared! {
    struct State {
        table: Table,
        /// Who is eating: bit `n` is seat `n`.
        eating: AtomicU32,
    }
}

/// What is asked for.
pub struct Answer {
    /// Takes both forks of a seat; waits while one of them is taken.
    pub take: fn(table: &Table, seat: usize),
    /// Puts both forks of a seat back.
    pub put: fn(table: &Table, seat: usize),
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        Work::Write(vec![
            self.three_at_once(),
            self.neighbours("two neighbours", [0, 1]),
            self.neighbours("two others", [2, 0]),
        ])
    }
}

impl Answer {
    /// All three take and put; whether they eat together is not looked at, which
    /// would be two steps more.
    fn three_at_once(&self) -> Trial {
        let (take, put) = (self.take, self.put);
        let trial = laid("all three").processes(SEATS, "seat", move |seat, state: &State| {
            take(&state.table, seat);
            put(&state.table, seat);
        });
        forks_are_back(trial).build()
    }

    /// Two eat, and look whether the other does.
    fn neighbours(&self, name: &str, seats: [usize; 2]) -> Trial {
        let (take, put) = (self.take, self.put);
        let mut trial = laid(name);
        for seat in seats {
            trial = trial.process(&format!("seat {seat}"), move |state| {
                take(&state.table, seat);
                let others = state.eating.fetch_or(1 << seat, Relaxed);
                state.eating.fetch_and(!(1 << seat), Relaxed);
                put(&state.table, seat);
                match others {
                    0 => String::new(),
                    others => {
                        let other = others.trailing_zeros();
                        format!("seat {seat} began while seat {other} was eating")
                    }
                }
            });
        }
        let trial = trial.must(Failure::WrongResult, "neighbours do not eat together", |end| {
            let said = (0..end.processes.len()).filter_map(|process| end.returned(process));
            let together = said.filter(|said| !said.is_empty()).map(str::to_owned).next();
            together.map_or(Ok(()), Err)
        });
        forks_are_back(trial).build()
    }
}

/// All forks lie on the table.
fn laid(name: &str) -> TrialBuilder<State> {
    Trial::named(name, |state: &State| {
        state.table.forks.iter().for_each(|fork| fork.init(1).expect("a semaphore"));
    })
}

fn forks_are_back(trial: TrialBuilder<State>) -> TrialBuilder<State> {
    (0..SEATS).fold(trial, |trial, fork| {
        trial.must_free(&format!("table.forks[{fork}]"), move |state| &state.table.forks[fork])
    })
}
