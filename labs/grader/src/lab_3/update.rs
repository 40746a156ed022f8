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
    /// Preemptions: an update has two looks, a computation and a change; three put
    /// another update between any two of them, and back. With three updates one is
    /// enough to be refused twice; more refusals than any bound on tries would allow
    /// come from one that updates whenever another computes.
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.other_versions(&mut dice),
            self.one_version(&mut dice),
            self.lock_held(&mut dice),
            self.updates::<2>("two updates at once", &mut dice).preemptions(3).build(),
            self.updates::<3>("three updates at once", &mut dice).preemptions(1).build(),
            self.updates::<4>("four updates at once", &mut dice).drawn(60).build(),
            self.long_computation(&mut dice),
            self.refused_again_and_again(270, &mut dice).build(),
            self.refused_again_and_again(MOST_REFUSED, &mut dice).may_be_cut().build(),
        ])
    }
}

/// The most often that an update is refused.
const MOST_REFUSED: u32 = 1_100;

/// What an update computes: it depends on the value, and on who computes.
fn computed(amount: u64, value: u64) -> u64 {
    value.rotate_left(7) ^ amount
}

impl Answer {
    /// One process names versions that the register does not have, earlier ones and
    /// later ones, and then the one that it has.
    fn other_versions(&self, dice: &mut Dice) -> Trial {
        let start = Start::new(dice);
        let [refused, stored] = dice.distinct();
        let compare_and_set = self.compare_and_set;
        start
            .trial("compare-and-sets of other versions")
            .process("setter", move |state| {
                let distances = (0..u32::BITS).map(|bit| 1 << bit);
                let others = distances.flat_map(|distance| {
                    [start.version.wrapping_sub(distance), start.version.wrapping_add(distance)]
                });
                let set = |value, seen| compare_and_set(&state.register, value, seen);
                for seen in others.chain([0, u32::MAX]) {
                    if set(refused, seen) {
                        return format!("true for version {seen}, and it was {}", start.version);
                    }
                    if state.register.value.load(Relaxed) != start.value {
                        return format!("false for version {seen}, and stored the value");
                    }
                }
                match set(stored, start.version) {
                    true => String::new(),
                    false => format!("false for version {}, which it was", start.version),
                }
            })
            .must(Failure::WrongResult, "a version is refused if the register has another", |end| {
                match end.returned(0) {
                    None | Some("") => Ok(()),
                    Some(said) => Err(format!("compare_and_set returned {said}")),
                }
            })
            .must(Failure::WrongResult, "what is not refused is stored", move |end| {
                value_is(end, stored).and_then(|()| start.changes(end, 1))
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

    /// Somebody holds the lock and does not give it back.
    fn lock_held(&self, dice: &mut Dice) -> Trial {
        let start = Start::new(dice);
        let [amount] = dice.distinct();
        let update = self.update;
        start
            .trial("an update while somebody keeps the lock")
            .process("holder", |state| {
                let _guard = state.register.lock.guard().expect("a semaphore");
                state.go_on.wait().expect("a semaphore");
            })
            .process("adder", move |state| {
                update(&state.register, &|value| computed(amount, value));
            })
            .nobody_comes_to_who_may_spin("the lock was free")
            .build()
    }

    /// `N` processes each compute with a number of their own.
    fn updates<const N: usize>(&self, name: &str, dice: &mut Dice) -> TrialBuilder<State> {
        let start = Start::new(dice);
        let amounts = dice.distinct::<N>();
        let update = self.update;
        let trial = start.trial(name).processes(N, "adder", move |me, state: &State| {
            update(&state.register, &|value| computed(amounts[me], value))
        });
        trial
            .must(Failure::LostUpdate, "no update is lost", move |end| {
                let value = end.shared.register.value.load(Relaxed);
                match chain(start.value, &amounts, &|_, _| true).contains(&value) {
                    true => Ok(()),
                    false => Err(format!("the value {value} does not come of {N} updates")),
                }
            })
            .must(Failure::WrongResult, "an update returns what it stored", move |end| {
                let said = |me: usize, value: u64| end.returned(me) == Some(&value.to_string());
                let value = end.shared.register.value.load(Relaxed);
                match chain(start.value, &amounts, &said).contains(&value) {
                    true => Ok(()),
                    false => Err("what one has returned it has not stored".into()),
                }
            })
            .must(Failure::WrongResult, "each change is counted", move |end| {
                start.changes(end, N as u32)
            })
    }

    /// Whenever it computes, the register changes: by what a process would do, in its
    /// place, since nobody else is there.
    fn refused_again_and_again(&self, times: u32, dice: &mut Dice) -> TrialBuilder<State> {
        let start = Start::new(dice);
        let [slow, quick] = dice.distinct();
        let update = self.update;
        let last = (0..times).fold(start.value, |value, _| computed(quick, value));
        start
            .trial(&format!("an update that is refused {times} times"))
            .process("adder", move |state| {
                let State { register: Register { lock, version, value }, .. } = state;
                let refused = Cell::new(0);
                let held = Cell::new(false);
                update(&state.register, &|seen| {
                    if lock.value() == 0 {
                        held.set(true);
                    } else if refused.replace(refused.get() + 1) < times {
                        value.store(computed(quick, value.load(Relaxed)), Relaxed);
                        version.store(version.load(Relaxed) + 1, Relaxed);
                    }
                    computed(slow, seen)
                });
                if held.get() { "it is held" } else { "" }
            })
            .must(Failure::WrongResult, "nobody holds the lock while computing", |end| {
                match end.returned(0) {
                    None | Some("") => Ok(()),
                    Some(held) => Err(held.to_owned()),
                }
            })
            .must(Failure::LostUpdate, "no update is lost", move |end| {
                value_is(end, computed(slow, last))
            })
            .must(Failure::WrongResult, "each change is counted", move |end| {
                start.changes(end, times + 1)
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
                    computed(slow, value)
                })
            })
            .process("quick", move |state| {
                state.computing.wait().expect("a semaphore");
                let stored = update(&state.register, &|value| computed(quick, value));
                state.go_on.post().expect("a semaphore");
                stored
            })
            .must(Failure::LostUpdate, "no update is lost", move |end| {
                value_is(end, computed(slow, computed(quick, start.value)))
            })
            .preemptions(1)
            .build()
    }
}

/// All values that can come of these updates, one after the other in any order in
/// which `fits` holds for each: who computes, and what comes of it.
fn chain(value: u64, amounts: &[u64], fits: &dyn Fn(usize, u64) -> bool) -> Vec<u64> {
    fn go_on(
        value: u64,
        amounts: &[u64],
        left: &[usize],
        fits: &dyn Fn(usize, u64) -> bool,
    ) -> Vec<u64> {
        let next = left.iter().filter_map(|me| {
            let value = computed(amounts[*me], value);
            let left: Vec<usize> = left.iter().copied().filter(|other| other != me).collect();
            fits(*me, value).then(|| go_on(value, amounts, &left, fits))
        });
        if left.is_empty() { vec![value] } else { next.flatten().collect() }
    }
    go_on(value, amounts, &(0..amounts.len()).collect::<Vec<_>>(), fits)
}

/// What a register begins with.
#[derive(Clone, Copy)]
struct Start {
    value: u64,
    version: u32,
}

impl Start {
    fn new(dice: &mut Dice) -> Self {
        // Room for the changes: what comes after the greatest version is not asked.
        let version = dice.between(1, u64::from(u32::MAX - 2 * MOST_REFUSED)) as u32;
        Self { value: dice.any(), version }
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
