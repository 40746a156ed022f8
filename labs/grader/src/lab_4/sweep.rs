//! Exercise `sweep`: entries are deleted while others change the table.
//!
//! Given: the store of lab 4, with all its operations.

use std::time::Duration;

use shmkv::{CAPACITY, KEY_SIZE, KeyValue, Table};
use shmkv_harness::{End, ProcessEnd};

use crate::{Dice, Failure, Trial, TrialBuilder, Work};

/// The value of entries that are to go.
pub const STALE: &str = "stale";

/// Another value.
const FRESH: &str = "fresh";

/// What is asked for.
pub struct Answer {
    /// Deletes all entries with the value [`STALE`]; returns how many it has
    /// deleted.
    pub sweep: fn(table: &Table) -> usize,
}

impl crate::Answer for Answer {
    /// Preemptions: each operation is one step to the others, so that two are enough to
    /// put a change between a look and a deletion, and another one behind it. What a
    /// bound on tries would allow is drawn: somebody changes the table all the time.
    ///
    /// Operations wait for the table's lock with a deadline, and fail when it passes.
    /// That is no fault of the answer's, so deadlines pass only where nobody can go on.
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.alone("a table without a stale entry", 0, 3, &mut dice),
            self.alone("a table of stale entries", CAPACITY, 0, &mut dice),
            self.alone("a full table", CAPACITY / 2, CAPACITY / 2, &mut dice),
            self.alone("an empty table", 0, 0, &mut dice),
            self.lock_held(&mut dice),
            self.renewed(&mut dice),
            self.two_sweepers(&mut dice),
            self.deleted(&mut dice),
            self.busy(&mut dice),
        ])
    }
}

/// Values that are not [`STALE`], though something of them is.
const NEARLY: [&str; 9] =
    ["stale ", "Stale", "stal", "STALE", " stale", "stale.", "staled", "steal", "s"];

impl Answer {
    /// Stale entries go, and so many others stay: those among them that nearly are
    /// stale, and those whose key is.
    fn alone(&self, name: &str, stale: usize, others: usize, dice: &mut Dice) -> Trial {
        let sweep = self.sweep;
        let mut keys: [String; CAPACITY] = keys(dice);
        if others > 0 {
            keys[stale] = STALE.to_owned();
        }
        let first = dice.between(0, NEARLY.len() as u64 - 1) as usize;
        let nearly = NEARLY.iter().cycle().skip(first);
        let pairs = keys[stale..].iter().take(others).zip(nearly);
        let kept: Vec<(String, &str)> = pairs.map(|(key, value)| (key.clone(), *value)).collect();
        let mut all = kept.clone();
        all.extend(keys[..stale].iter().map(|key| (key.clone(), STALE)));
        dice.shuffle(&mut all);
        table_of(name, all)
            .process("sweeper", sweep)
            .must(Failure::LostUpdate, "other entries stay", move |end| {
                kept.iter().try_for_each(|(key, value)| has(end, key, value))
            })
            .must(Failure::WrongResult, "it returns how many it has deleted", move |end| {
                deleted(end, stale as u32)
            })
            .build()
    }

    /// Somebody holds the table's lock for less than operations wait for it.
    fn lock_held(&self, dice: &mut Dice) -> Trial {
        let sweep = self.sweep;
        let keys = keys::<2>(dice);
        table("somebody holds the table's lock for four seconds", &keys, 2)
            .process("holder", |table: &Table| {
                let _guard = table.sem.guard().expect("a semaphore");
                std::thread::sleep(Duration::from_secs(4));
            })
            .process("sweeper", sweep)
            .must(Failure::WrongResult, "each entry is deleted once", |end| deleted(end, 2))
            .preemptions(0)
            .only_simulated()
            .build()
    }

    /// A stale entry becomes fresh in the meantime.
    fn renewed(&self, dice: &mut Dice) -> Trial {
        let keys = keys::<2>(dice);
        let sweep = self.sweep;
        let [_, renewed] = keys.clone();
        let kept = renewed.clone();
        table("an entry that is renewed in the meantime", &keys, 1)
            .process("setter", move |table| table.set(&renewed, FRESH).is_ok())
            .process("sweeper", sweep)
            .must(Failure::LostUpdate, "fresh entries stay", move |end| has(end, &kept, FRESH))
            .must(Failure::WrongResult, "it returns how many it has deleted", |end| {
                match end.returned(1) {
                    Some("0" | "1") => Ok(()),
                    other => Err(format!("of 1 entry it returned {}", other.unwrap_or("none"))),
                }
            })
            .build()
    }

    /// Two sweep at once.
    fn two_sweepers(&self, dice: &mut Dice) -> Trial {
        let keys = keys::<2>(dice);
        let sweep = self.sweep;
        table("two sweepers", &keys, 2)
            .processes(2, "sweeper", move |_, table: &Table| sweep(table))
            .must(Failure::WrongResult, "each entry is deleted once", |end| deleted(end, 2))
            .preemptions(1)
            .build()
    }

    /// Somebody else deletes a stale entry.
    fn deleted(&self, dice: &mut Dice) -> Trial {
        let keys = keys::<2>(dice);
        let sweep = self.sweep;
        let [first, _] = keys.clone();
        table("an entry that somebody else deletes", &keys, 2)
            .process("deleter", move |table| u32::from(table.delete(&first).is_ok()))
            .process("sweeper", sweep)
            .must(Failure::WrongResult, "each entry is deleted once", |end| deleted(end, 2))
            .preemptions(1)
            .build()
    }

    /// Two change the table all the time: hardly a look at it is still true when the
    /// sweeper deletes.
    fn busy(&self, dice: &mut Dice) -> Trial {
        let keys = keys::<4>(dice);
        let sweep = self.sweep;
        let [kept, other, ..] = keys.clone();
        table("a sweeper, and a table that changes all the time", &keys, 2)
            .processes(2, "setter", move |me, table: &Table| {
                let key = if me == 0 { &kept } else { &other };
                (0..60).filter(|_| table.set(key, FRESH).is_err()).count() as u32
            })
            .process("sweeper", sweep)
            .must(Failure::WrongResult, "each entry is deleted once", |end| deleted(end, 2))
            .drawn(12)
            .build()
    }
}

/// `N` keys that differ, of any length and in any order.
fn keys<const N: usize>(dice: &mut Dice) -> [String; N] {
    dice.distinct().map(|number| {
        let key = format!("{number}");
        key.chars().cycle().take(dice.between(12, KEY_SIZE as u64 - 1) as usize).collect()
    })
}

/// A table with these keys, of which the last `stale` are to go.
fn table<const N: usize>(name: &str, keys: &[String; N], stale: usize) -> TrialBuilder<Table> {
    let value = |number| if number < N - stale { FRESH } else { STALE };
    let pairs = keys.iter().enumerate().map(|(number, key)| (key.clone(), value(number)));
    table_of(name, pairs.collect())
}

/// A table with these keys and values.
fn table_of(name: &str, pairs: Vec<(String, &'static str)>) -> TrialBuilder<Table> {
    Trial::named(name, move |table: &Table| {
        table.init();
        for (key, value) in &pairs {
            table.set(key, value).expect("room for a pair");
        }
    })
    // The store's own deadlines are of no interest here.
    .in_time()
    .must_free("sem", |table| &table.sem)
    .must(Failure::WrongResult, "no stale entry is left", |end| {
        let snapshot = end.shared.within(Duration::ZERO).entries();
        let snapshot = snapshot.map_err(|error| error.to_string())?;
        let left = snapshot.entries.iter().find(|entry| entry.value == STALE.as_bytes());
        left.map_or(Ok(()), |entry| Err(format!("{} is", String::from_utf8_lossy(&entry.key))))
    })
}

fn has(end: &End<'_, Table>, key: &str, value: &str) -> Result<(), String> {
    match end.shared.within(Duration::ZERO).get_text(key) {
        Ok(found) if found == value => Ok(()),
        Ok(found) => Err(format!("{key} has the value {found:?}")),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether the numbers that all processes return have this sum.
fn deleted(end: &End<'_, Table>, wanted: u32) -> Result<(), String> {
    let returned = end.processes.iter().filter_map(|process| match process {
        ProcessEnd::Returned { value } => value.parse::<u32>().ok(),
        _ => None,
    });
    match returned.sum::<u32>() {
        sum if sum == wanted => Ok(()),
        sum => Err(format!("{sum} deletions of {wanted} entries")),
    }
}
