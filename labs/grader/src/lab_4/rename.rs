//! Exercise `rename`: a key gets another name, and nobody sees it halfway, not
//! even after a kill.
//!
//! Given: a table of three slots with a lock, and readers that take none.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::{End, shared};

use crate::{Dice, Failure, Trial, TrialBuilder, Work};

/// Slots in a table.
pub const SLOTS: usize = 3;

/// The key of a slot that holds none.
pub const FREE: u64 = 0;

shared! {
    /// One key with its value.
    pub struct Slot {
        /// The key, or [`FREE`].
        pub key: AtomicU64,
        /// Its value.
        pub value: AtomicU64,
    }
}

shared! {
    /// The table.
    pub struct Table {
        /// Who changes the table holds it. 1: free; 0: held.
        pub lock: Semaphore,
        /// The slots.
        pub slots: [Slot; SLOTS],
    }
}

/// What is asked for.
pub struct Answer {
    /// Gives the value of `old` to `new` instead. Whether it did: false where
    /// there is no `old`, or there is a `new` already.
    pub rename: fn(table: &Table, old: u64, new: u64) -> bool,
}

impl crate::Answer for Answer {
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.refused(&mut dice, "a rename of what is not there", |names| (names[2], names[3])),
            self.refused(&mut dice, "a rename to a name that is taken", |names| {
                (names[0], names[1])
            }),
            self.reader(&mut dice),
            self.one_new_name(&mut dice),
            self.one_old_name(&mut dice),
            self.killed(&mut dice),
        ])
    }
}

/// Which of four names is to be renamed, and how. The first two are there.
type Choose = fn([u64; 4]) -> (u64, u64);

impl Answer {
    /// A rename that must be refused.
    fn refused(&self, dice: &mut Dice, name: &str, choose: Choose) -> Trial {
        let given = Given::new(dice);
        let (old, new) = choose(given.names);
        let rename = self.rename;
        given
            .trial(name)
            .process("renamer", move |table| rename(table, old, new))
            .must(Failure::WrongResult, "it is refused", |end| match end.returned(0) {
                Some("true") => Err("rename returned true".into()),
                _ => Ok(()),
            })
            .must(Failure::LostUpdate, "nothing has changed", move |end| {
                let [first, second, ..] = given.names;
                given.is_once(end, 0, &[first]).and_then(|()| given.is_once(end, 1, &[second]))
            })
            .must_free("lock", |table| &table.lock)
            .build()
    }

    /// A reader looks at all keys while one is renamed.
    fn reader(&self, dice: &mut Dice) -> Trial {
        let given = Given::new(dice);
        let trial = self.with_reader(given, "a rename and a reader");
        trial
            .must(Failure::WrongResult, "the rename is made", move |end| {
                given.is_once(end, 0, &given.names[2..3])
            })
            .must_free("lock", |table| &table.lock)
            .preemptions(3)
            .build()
    }

    /// The same, and one of them is killed.
    fn killed(&self, dice: &mut Dice) -> Trial {
        let given = Given::new(dice);
        let trial = self.with_reader(given, "a kill at each step");
        let trial = trial.must(Failure::LostUpdate, "the value has a name", move |end| {
            given.is_once(end, 0, &[given.names[0], given.names[2]])
        });
        trial.preemptions(1).with_kills().build()
    }

    fn with_reader(&self, given: Given, name: &str) -> TrialBuilder<Table> {
        let [old, _, new, _] = given.names;
        let rename = self.rename;
        let one_of_them = "a reader finds one of the two names";
        given
            .trial(name)
            .process("renamer", move |table| rename(table, old, new))
            .process("reader", move |table| {
                let keys = table.slots.each_ref().map(|slot| slot.key.load(Relaxed));
                keys.iter().filter(|key| [old, new].contains(key)).count() as u32
            })
            .must(Failure::LostUpdate, one_of_them, |end| match end.returned(1) {
                Some("0") => Err("it found neither".into()),
                _ => Ok(()),
            })
            .must(Failure::WrongResult, "no reader finds both names", |end| match end.returned(1) {
                None | Some("0" | "1") => Ok(()),
                _ => Err("it found both".into()),
            })
    }

    /// Two keys are to get the same name.
    fn one_new_name(&self, dice: &mut Dice) -> Trial {
        let given = Given::new(dice);
        let rename = self.rename;
        let new = given.names[2];
        given
            .trial("two renames to one name")
            .processes(2, "renamer", move |me, table: &Table| rename(table, given.names[me], new))
            .must(Failure::WrongResult, "of two renames to one name, one is made", one_is_made)
            .must(Failure::LostUpdate, "both values have a name of their own", move |end| {
                (0..2).try_for_each(|me| given.is_once(end, me, &[given.names[me], new]))
            })
            .must_free("lock", |table| &table.lock)
            .preemptions(3)
            .build()
    }

    /// One key is to get two names.
    fn one_old_name(&self, dice: &mut Dice) -> Trial {
        let given = Given::new(dice);
        let rename = self.rename;
        let [old, _, one, other] = given.names;
        given
            .trial("two renames of one name")
            .processes(2, "renamer", move |me, table: &Table| rename(table, old, [one, other][me]))
            .must(Failure::WrongResult, "of two renames of one name, one is made", one_is_made)
            .must(Failure::LostUpdate, "the value has one name", move |end| {
                given.is_once(end, 0, &[one, other])
            })
            .must_free("lock", |table| &table.lock)
            .preemptions(2)
            .build()
    }
}

fn one_is_made(end: &End<'_, Table>) -> Result<(), String> {
    match (0..2).filter(|process| end.returned(*process) == Some("true")).count() {
        1 => Ok(()),
        count => Err(format!("{count} were")),
    }
}

/// What a table begins with: the first two of four names, with these values.
#[derive(Clone, Copy)]
struct Given {
    names: [u64; 4],
    values: [u64; 2],
}

impl Given {
    fn new(dice: &mut Dice) -> Self {
        Self { names: dice.distinct(), values: dice.distinct::<2>().map(|value| value + 1000) }
    }

    fn trial(self, name: &str) -> TrialBuilder<Table> {
        Trial::named(name, move |table: &Table| {
            table.lock.init(1).expect("a semaphore");
            for (slot, (name, value)) in table.slots.iter().zip(self.names.iter().zip(self.values))
            {
                slot.key.store(*name, Relaxed);
                slot.value.store(value, Relaxed);
            }
        })
    }

    /// Whether value `number` stands once, beside one of `names`.
    fn is_once(self, end: &End<'_, Table>, number: usize, names: &[u64]) -> Result<(), String> {
        let value = self.values[number];
        let slots = end.shared.slots.iter();
        let pairs = slots.map(|slot| (slot.key.load(Relaxed), slot.value.load(Relaxed)));
        let taken: Vec<(u64, u64)> = pairs.filter(|(key, _)| *key != FREE).collect();
        let keys: Vec<u64> =
            taken.iter().filter(|pair| pair.1 == value).map(|pair| pair.0).collect();
        match keys.as_slice() {
            [key] if names.contains(key) => Ok(()),
            [] => Err(format!("value {value} has no name")),
            [key] => Err(format!("value {value} has the name {key}")),
            [first, second, ..] => Err(format!("value {value} has the names {first} and {second}")),
        }
    }
}
