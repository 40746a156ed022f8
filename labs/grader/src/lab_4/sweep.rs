//! Exercise `sweep`: entries are deleted while others change the table.
//!
//! Given: the store of lab 4, with all its operations.

use std::time::Duration;

use shmkv::{KeyValue, Table};
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
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.alone(&mut dice),
            self.renewed(&mut dice),
            self.two_sweepers(&mut dice),
            self.deleted(&mut dice),
        ])
    }
}

impl Answer {
    /// Stale entries go, others stay.
    fn alone(&self, dice: &mut Dice) -> Trial {
        let keys = keys::<3>(dice);
        let sweep = self.sweep;
        let [kept, ..] = keys.clone();
        table("one sweeper alone", &keys, 2)
            .process("sweeper", sweep)
            .must(Failure::LostUpdate, "fresh entries stay", move |end| is_fresh(end, &kept))
            .must(Failure::WrongResult, "it returns how many it has deleted", |end| deleted(end, 2))
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
            .must(Failure::LostUpdate, "fresh entries stay", move |end| is_fresh(end, &kept))
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
}

/// `N` keys that differ.
fn keys<const N: usize>(dice: &mut Dice) -> [String; N] {
    dice.distinct().map(|number| format!("key {number}"))
}

/// A table with these keys, of which the last `stale` are to go.
fn table<const N: usize>(name: &str, keys: &[String; N], stale: usize) -> TrialBuilder<Table> {
    let keys = keys.clone();
    Trial::named(name, move |table: &Table| {
        table.init();
        for (number, key) in keys.iter().enumerate() {
            let value = if number < N - stale { FRESH } else { STALE };
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

fn is_fresh(end: &End<'_, Table>, key: &str) -> Result<(), String> {
    match end.shared.within(Duration::ZERO).get_text(key) {
        Ok(value) if value == FRESH => Ok(()),
        Ok(value) => Err(format!("{key} has the value {value}")),
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
