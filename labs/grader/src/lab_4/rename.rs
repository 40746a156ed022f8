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
    /// Preemptions: a rename has a look at the names and a change; three put another
    /// one between them, and back. A reader is caught between two changes by one
    /// preemption, and by the place of the slots that it loads in between.
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        let mut trials = vec![
            self.one_after_the_other(&mut dice, 0),
            self.one_after_the_other(&mut dice, 1),
            self.lock_held(&mut dice),
        ];
        // The old name in each slot; readers that go through the slots either way.
        for place in 0..SLOTS {
            trials.push(self.reader(Given::new(&mut dice, place), false));
            trials.push(self.reader(Given::new(&mut dice, place), true));
        }
        trials.push(self.one_new_name(&mut dice));
        trials.push(self.one_old_name(&mut dice));
        trials.extend((0..SLOTS).map(|place| self.killed(Given::new(&mut dice, place))));
        trials.push(self.crowd(&mut dice));
        Work::Write(trials)
    }
}

impl Answer {
    /// One process renames what can be renamed and what cannot, with so many slots free.
    fn one_after_the_other(&self, dice: &mut Dice, free: usize) -> Trial {
        let names = dice.distinct::<{ SLOTS + 3 }>();
        let values = dice.distinct::<SLOTS>();
        let empty = dice.between(0, SLOTS as u64 - 1) as usize;
        let is_free = move |place: usize| free == 1 && place == empty;
        let before: [u64; SLOTS] =
            std::array::from_fn(|place| if is_free(place) { FREE } else { names[place] });
        let [missing, other, new] = [names[SLOTS], names[SLOTS + 1], names[SLOTS + 2]];
        let rename = self.rename;
        let name = match free {
            0 => "renames one after the other in a full table",
            _ => "renames one after the other, and one slot is free",
        };
        Trial::named(name, move |table: &Table| {
            table.lock.init(1).expect("a semaphore");
            for (slot, (key, value)) in table.slots.iter().zip(before.iter().zip(values)) {
                slot.key.store(*key, Relaxed);
                slot.value.store(value, Relaxed);
            }
        })
        .process("renamer", move |table| {
            let keys = || table.slots.each_ref().map(|slot| slot.key.load(Relaxed));
            let mut now = before;
            let try_one = |old: u64, new: u64, now: &mut [u64; SLOTS], why: &str| {
                let place = now.iter().position(|key| *key == old && old != FREE);
                let made = place.is_some() && new != FREE && !now.contains(&new);
                if made && let Some(place) = place {
                    now[place] = new;
                }
                let said = rename(table, old, new);
                // Values may move with their names; that is looked at in the end.
                let (mut found, mut wanted) = (keys(), *now);
                found.sort_unstable();
                wanted.sort_unstable();
                match (said == made, found == wanted) {
                    (false, _) => Some(format!("rename returned {said}: {why}")),
                    (true, false) => Some(format!("the names are not as they should be: {why}")),
                    (true, true) => None,
                }
            };
            let there: Vec<u64> = before.into_iter().filter(|key| *key != FREE).collect();
            let mut wrong = try_one(missing, other, &mut now, "there is no such name")
                .or_else(|| try_one(FREE, other, &mut now, "FREE is no name"));
            for key in &there {
                wrong = wrong
                    .or_else(|| try_one(*key, FREE, &mut now, "FREE is no name"))
                    .or_else(|| try_one(*key, *key, &mut now, "the new name is there: the old one"))
                    .or_else(|| try_one(missing, *key, &mut now, "there is no such name"));
                for taken in there.iter().filter(|taken| *taken != key) {
                    wrong =
                        wrong.or_else(|| try_one(*key, *taken, &mut now, "the new name is there"));
                }
            }
            // There and back, so that each name is renamed in its place, and once more.
            for key in &there {
                wrong = wrong
                    .or_else(|| try_one(*key, new, &mut now, "the new name was free to take"))
                    .or_else(|| try_one(*key, other, &mut now, "the old name is gone"))
                    .or_else(|| try_one(new, *key, &mut now, "the new name was free to take"));
            }
            wrong.unwrap_or_default()
        })
        .must(Failure::WrongResult, "a rename is made where it can be, and no other", |end| {
            match end.returned(0) {
                None | Some("") => Ok(()),
                Some(wrong) => Err(wrong.to_owned()),
            }
        })
        .must(Failure::LostUpdate, "each name has its value", move |end| {
            let pairs = end.shared.slots.iter().map(|slot| (slot.key.load(Relaxed), &slot.value));
            let mut pairs = pairs.filter(|(key, _)| *key != FREE);
            let value_of =
                |key| before.iter().position(|before| *before == key).map(|at| values[at]);
            let wrong = pairs.find(|(key, value)| value_of(*key) != Some(value.load(Relaxed)));
            wrong.map_or(Ok(()), |(key, value)| {
                Err(format!("the name {key} has the value {}", value.load(Relaxed)))
            })
        })
        .must_free("lock", |table| &table.lock)
        .build()
    }

    /// Somebody holds the lock and does not give it back.
    fn lock_held(&self, dice: &mut Dice) -> Trial {
        let given = Given::new(dice, 0);
        let rename = self.rename;
        given
            .trial("a rename while somebody keeps the lock")
            .process("holder", |table| {
                table.lock.wait().expect("a semaphore");
                table.lock.wait().expect("a semaphore");
            })
            .process("renamer", move |table| rename(table, given.names[0], given.names[2]))
            .nobody_comes_to_who_may_spin("the lock was free")
            .build()
    }

    /// A reader looks at all keys while one is renamed.
    fn reader(&self, given: Given, backwards: bool) -> Trial {
        let from = if backwards { "last" } else { "first" };
        let name = format!("a rename in slot {}, and a reader from the {from} slot", given.place);
        let trial = self.with_reader(given, &name, backwards);
        trial
            .must(Failure::WrongResult, "the rename is made", move |end| {
                given.is_once(end, 0, &given.names[2..3])
            })
            .must_free("lock", |table| &table.lock)
            .build()
    }

    /// The same, and one of them is killed.
    fn killed(&self, given: Given) -> Trial {
        let name = format!("a kill at each step of a rename in slot {}", given.place);
        let trial = self.with_reader(given, &name, given.place % 2 == 1);
        let trial = trial.must(Failure::LostUpdate, "the value has a name", move |end| {
            given.is_once(end, 0, &[given.names[0], given.names[2]])
        });
        trial.preemptions(1).with_kills().build()
    }

    fn with_reader(&self, given: Given, name: &str, backwards: bool) -> TrialBuilder<Table> {
        let [old, _, new, _] = given.names;
        let rename = self.rename;
        let one_of_them = "a reader finds one of the two names";
        given
            .trial(name)
            .process("renamer", move |table| rename(table, old, new))
            .process("reader", move |table| {
                let mut places: [usize; SLOTS] = std::array::from_fn(|place| place);
                if backwards {
                    places.reverse();
                }
                let keys = places.map(|place| table.slots[place].key.load(Relaxed));
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

    /// Three rename, each twice: what comes of it is what comes of some order.
    fn crowd(&self, dice: &mut Dice) -> Trial {
        let given = Given::new(dice, 1);
        let rename = self.rename;
        let [first, second, third, fourth] = given.names;
        given
            .trial("three that rename twice")
            .processes(3, "renamer", move |me, table: &Table| {
                let [one, other] = match me {
                    0 => [(first, third), (third, fourth)],
                    1 => [(second, third), (third, second)],
                    _ => [(first, fourth), (fourth, first)],
                };
                let made = [one, other].map(|(old, new)| u8::from(rename(table, old, new)));
                u32::from(made[0] + made[1])
            })
            .must(Failure::LostUpdate, "both values have a name of their own", move |end| {
                (0..2).try_for_each(|me| given.is_once(end, me, &given.names))
            })
            .must(Failure::WrongResult, "no two values have one name", |end| {
                let keys = end.shared.slots.each_ref().map(|slot| slot.key.load(Relaxed));
                let taken: Vec<u64> = keys.into_iter().filter(|key| *key != FREE).collect();
                match taken.as_slice() {
                    [one, other] if one != other => Ok(()),
                    _ => Err(format!("the names are {taken:?}")),
                }
            })
            .must_free("lock", |table| &table.lock)
            .drawn(60)
            .build()
    }

    /// Two keys are to get the same name.
    fn one_new_name(&self, dice: &mut Dice) -> Trial {
        let given = Given::new(dice, 2);
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
        let given = Given::new(dice, 1);
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

/// What a table begins with: the first two of four names, with these values. The
/// first is in slot `place`, the second in the next one; the last slot is beside the
/// first.
#[derive(Clone, Copy)]
struct Given {
    names: [u64; 4],
    values: [u64; 2],
    place: usize,
}

impl Given {
    fn new(dice: &mut Dice, place: usize) -> Self {
        Self { names: dice.distinct(), values: dice.distinct(), place }
    }

    fn trial(self, name: &str) -> TrialBuilder<Table> {
        Trial::named(name, move |table: &Table| {
            table.lock.init(1).expect("a semaphore");
            for (number, value) in self.values.into_iter().enumerate() {
                let slot = &table.slots[(self.place + number) % SLOTS];
                slot.key.store(self.names[number], Relaxed);
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
