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
        /// Nobody posts it.
        never: Semaphore,
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
    /// Preemptions: a circle of three closes by two, behind the first forks of two; two
    /// neighbours share one fork, and to pass one another on both of its sides takes
    /// two as well. That it goes on well after that is drawn.
    fn work(&self, _: u64) -> Work {
        let pairs = [[0, 1], [1, 2], [2, 0]];
        let swapped = pairs.map(|[one, other]| [other, one]);
        let mut trials = Vec::new();
        trials.extend(pairs.into_iter().chain(swapped).map(|pair| self.neighbour_stays(pair)));
        trials.push(self.three_at_once());
        trials.extend(pairs.map(|pair| self.neighbours(pair)));
        trials.push(self.again());
        Work::Write(trials)
    }
}

impl Answer {
    /// All three take and put; whether they eat together is not looked at, which
    /// would be some steps more.
    fn three_at_once(&self) -> Trial {
        let (take, put) = (self.take, self.put);
        let trial = laid("all three").processes(SEATS, "seat", move |seat, state: &State| {
            take(&state.table, seat);
            put(&state.table, seat);
        });
        forks_are_back(trial).build()
    }

    /// Two eat, and look whether the other does.
    fn neighbours(&self, seats: [usize; 2]) -> Trial {
        let Self { take, put } = *self;
        let mut trial = laid(&format!("neighbours on seats {} and {}", seats[0], seats[1]));
        for seat in seats {
            trial =
                trial.process(&format!("seat {seat}"), move |state| eat(take, put, state, seat));
        }
        forks_are_back(nobody_complains(trial)).build()
    }

    /// All three eat twice.
    fn again(&self) -> Trial {
        let Self { take, put } = *self;
        let trial = laid("all three eat twice").processes(SEATS, "seat", move |seat, state| {
            let first = eat(take, put, state, seat);
            if first.is_empty() { eat(take, put, state, seat) } else { first }
        });
        forks_are_back(nobody_complains(trial)).drawn(100).build()
    }

    /// One eats and does not stop; its neighbour waits.
    fn neighbour_stays(&self, [eats, waits]: [usize; 2]) -> Trial {
        let take = self.take;
        laid(&format!("seat {eats} eats on, and seat {waits} comes"))
            .process(&format!("seat {eats}"), move |state| {
                take(&state.table, eats);
                state.never.wait().expect("a semaphore");
            })
            .process(&format!("seat {waits}"), move |state| take(&state.table, waits))
            .nobody_comes_to_who_may_spin("its neighbour had put the fork between them back")
            .build()
    }
}

/// Takes, eats, and puts. Says what was wrong.
fn eat(take: Hand, put: Hand, state: &State, seat: usize) -> String {
    take(&state.table, seat);
    let others = state.eating.fetch_or(1 << seat, Relaxed);
    let forks = [seat, (seat + 1) % SEATS];
    let left = forks.into_iter().find(|fork| state.table.forks[*fork].value() > 0);
    state.eating.fetch_and(!(1 << seat), Relaxed);
    put(&state.table, seat);
    match (others, left) {
        (0, None) => String::new(),
        (0, Some(fork)) => format!("seat {seat} began while fork {fork} was on the table"),
        (others, _) => {
            let other = others.trailing_zeros();
            format!("seat {seat} began while seat {other} was eating")
        }
    }
}

type Hand = fn(&Table, usize);

fn nobody_complains(trial: TrialBuilder<State>) -> TrialBuilder<State> {
    let statement = "who eats has both forks, and no neighbour eats";
    trial.must(Failure::WrongResult, statement, |end| {
        let said = (0..end.processes.len()).filter_map(|process| end.returned(process));
        let together = said.filter(|said| !said.is_empty()).map(str::to_owned).next();
        together.map_or(Ok(()), Err)
    })
}

/// All forks lie on the table.
fn laid(name: &str) -> TrialBuilder<State> {
    Trial::named(name, |state: &State| {
        state.table.forks.iter().for_each(|fork| fork.init(1).expect("a semaphore"));
        state.never.init(0).expect("a semaphore");
    })
}

fn forks_are_back(trial: TrialBuilder<State>) -> TrialBuilder<State> {
    (0..SEATS).fold(trial, |trial, fork| {
        trial.must_free(&format!("table.forks[{fork}]"), move |state| &state.table.forks[fork])
    })
}
