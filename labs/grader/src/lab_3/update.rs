//! Exercise `update`: a new value that is computed from the old one, while
//! others do the same, and nobody holds the lock while computing.
//!
//! Given: a value with its version and a lock.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::{End, shared};

use crate::{Dice, Failure, Trial, TrialBuilder, Work};

shared! {
    /// A value that changes by compare-and-set.
    pub struct Register {
        /// 1: free; 0: held.
        pub lock: Semaphore,
        /// Counts changes of `value`.
        pub version: AtomicU32,
        /// The value.
        pub value: AtomicU64,
    }
}

shared! {
    struct State {
        register: Register,
        /// Somebody is computing.
        computing: Semaphore,
        /// It may go on.
        go_on: Semaphore,
    }
}

/// What is asked for.
pub struct Answer {
    /// Stores `value` and counts it, if the version is still `seen`; says whether
    /// it was.
    pub compare_and_set: fn(register: &Register, value: u64, seen: u32) -> bool,
    /// Replaces the value by what `compute` makes of it; returns what it stored.
    pub update: fn(register: &Register, compute: &dyn Fn(u64) -> u64) -> u64,
}

impl crate::Answer for Answer {
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.old_version(&mut dice),
            self.one_version(&mut dice),
            self.updates::<2>("two updates at once", &mut dice).preemptions(3).build(),
            self.updates::<3>("three updates at once", &mut dice).preemptions(1).build(),
            self.long_computation(&mut dice),
        ])
    }
}

impl Answer {
    /// An old version is refused, and nothing changes.
    fn old_version(&self, dice: &mut Dice) -> Trial {
        let start = Start::new(dice);
        let [refused] = dice.distinct();
        let compare_and_set = self.compare_and_set;
        start
            .trial("a compare-and-set of an old version")
            .process("setter", move |state| {
                compare_and_set(&state.register, refused, start.version - 1)
            })
            .must(Failure::WrongResult, "an old version is refused", |end| match end.returned(0) {
                Some("true") => Err("compare_and_set returned true".into()),
                _ => Ok(()),
            })
            .must(Failure::WrongResult, "what is refused changes nothing", move |end| {
                value_is(end, start.value).and_then(|()| start.changes(end, 0))
            })
            .build()
    }

    /// Two processes have seen the same version.
    fn one_version(&self, dice: &mut Dice) -> Trial {
        let start = Start::new(dice);
        let values = dice.distinct::<2>();
        let compare_and_set = self.compare_and_set;
        let won = |end: &End<'_, State>| {
            (0..2).filter(|process| end.returned(*process) == Some("true")).collect::<Vec<_>>()
        };
        start
            .trial("two compare-and-sets of one version")
            .processes(2, "setter", move |me, state: &State| {
                compare_and_set(&state.register, values[me], start.version)
            })
            .must(Failure::LostUpdate, "of two that name one version, one stores", move |end| {
                match won(end).len() {
                    1 => Ok(()),
                    count => Err(format!("{count} did")),
                }
            })
            .must(Failure::LostUpdate, "what was stored is there", move |end| {
                won(end).first().map_or(Ok(()), |winner| value_is(end, values[*winner]))
            })
            .must(Failure::WrongResult, "each change is counted", move |end| start.changes(end, 1))
            .preemptions(3)
            .build()
    }

    /// `N` processes each add a number of their own.
    fn updates<const N: usize>(&self, name: &str, dice: &mut Dice) -> TrialBuilder<State> {
        let start = Start::new(dice);
        let amounts = dice.distinct::<N>();
        let update = self.update;
        let trial = start.trial(name).processes(N, "adder", move |me, state: &State| {
            update(&state.register, &|value| value.wrapping_add(amounts[me]))
        });
        let sum = start.value + amounts.iter().sum::<u64>();
        trial
            .must(Failure::LostUpdate, "every amount is in the value", move |end| {
                value_is(end, sum)
            })
            .must(Failure::WrongResult, "an update returns what it stored", move |end| {
                let last = sum.to_string();
                match (0..N).any(|process| end.returned(process) == Some(&last)) {
                    true => Ok(()),
                    false => Err(format!("the value is {sum}, and no update has returned that")),
                }
            })
            .must(Failure::WrongResult, "each change is counted", move |end| {
                start.changes(end, N as u32)
            })
    }

    /// While one computes, another one updates.
    fn long_computation(&self, dice: &mut Dice) -> Trial {
        let start = Start::new(dice);
        let [slow, quick] = dice.distinct();
        let update = self.update;
        start
            .trial("an update while another one computes")
            .process("slow", move |state| {
                let waited = Cell::new(false);
                update(&state.register, &|value| {
                    if !waited.replace(true) {
                        state.computing.post().expect("a semaphore");
                        state.go_on.wait().expect("a semaphore");
                    }
                    value.wrapping_add(slow)
                })
            })
            .process("quick", move |state| {
                state.computing.wait().expect("a semaphore");
                let stored = update(&state.register, &|value| value.wrapping_add(quick));
                state.go_on.post().expect("a semaphore");
                stored
            })
            .must(Failure::LostUpdate, "every amount is in the value", move |end| {
                value_is(end, start.value + slow + quick)
            })
            .preemptions(1)
            .build()
    }
}

/// What a register begins with.
#[derive(Clone, Copy)]
struct Start {
    value: u64,
    version: u32,
}

impl Start {
    fn new(dice: &mut Dice) -> Self {
        Self { value: dice.between(1_000, 9_999), version: dice.between(10, 99) as u32 }
    }

    fn trial(self, name: &str) -> TrialBuilder<State> {
        let start = |semaphore: &Semaphore, value| semaphore.init(value).expect("a semaphore");
        Trial::named(name, move |state: &State| {
            start(&state.register.lock, 1);
            start(&state.computing, 0);
            start(&state.go_on, 0);
            state.register.version.store(self.version, Relaxed);
            state.register.value.store(self.value, Relaxed);
        })
        .must_free("register.lock", |state| &state.register.lock)
    }

    fn changes(self, end: &End<'_, State>, changes: u32) -> Result<(), String> {
        match end.shared.register.version.load(Relaxed) {
            found if found == self.version + changes => Ok(()),
            found => {
                let before = self.version;
                Err(format!("the version went from {before} to {found} in {changes} changes"))
            }
        }
    }
}

fn value_is(end: &End<'_, State>, wanted: u64) -> Result<(), String> {
    match end.shared.register.value.load(Relaxed) {
        found if found == wanted => Ok(()),
        found => Err(format!("the value is {found}, and should be {wanted}")),
    }
}
