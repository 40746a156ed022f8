//! Exercise `insert`: processes insert at the same time, and there is no lock.
//!
//! Given: a table of four slots, and keys that are never removed.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use shmkv_harness::{End, shared};

use crate::{Dice, Failure, Trial, TrialBuilder, Work};

/// Slots in a table.
pub const SLOTS: usize = 4;

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
    /// The table. A new key goes to the first free slot.
    pub struct Table {
        /// Counts the occupied slots.
        pub count: AtomicU32,
        /// The slots.
        pub slots: [Slot; SLOTS],
    }
}

/// What is asked for.
pub struct Answer {
    /// Puts `key` with `value` into the first free slot. Whether it did: false
    /// where the key is there already, or no slot is free.
    pub insert: fn(table: &Table, key: u64, value: u64) -> bool,
}

impl crate::Answer for Answer {
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        let insert = self.insert;
        Work::Write(vec![
            different_keys(insert, &mut dice),
            same_key(insert, &mut dice),
            last_slots(insert, &mut dice),
        ])
    }
}

type Insert = fn(&Table, u64, u64) -> bool;

/// A key with its value.
type Pair = (u64, u64);

/// Two processes, two keys, room for both.
fn different_keys(insert: Insert, dice: &mut Dice) -> Trial {
    let pairs = pairs::<3>(dice);
    let trial = inserting("two keys at once", insert, &pairs[..1], &pairs[1..]);
    trial.preemptions(3).build()
}

/// Two processes, one key, two values.
fn same_key(insert: Insert, dice: &mut Dice) -> Trial {
    let [there, first, (_, other_value)] = pairs(dice);
    let racing = [first, (first.0, other_value)];
    let trial = inserting("one key twice at once", insert, &[there], &racing);
    trial.preemptions(3).build()
}

/// Three processes, three keys, two slots.
fn last_slots(insert: Insert, dice: &mut Dice) -> Trial {
    let pairs = pairs::<5>(dice);
    let trial = inserting("three keys for two slots", insert, &pairs[..2], &pairs[2..]);
    trial.preemptions(1).build()
}

fn pairs<const N: usize>(dice: &mut Dice) -> [Pair; N] {
    let keys = dice.distinct::<N>();
    keys.map(|key| (key, dice.between(1000, 9999)))
}

/// One process inserts each pair of `racing` into a table that holds `there`.
fn inserting(name: &str, insert: Insert, there: &[Pair], racing: &[Pair]) -> TrialBuilder<Table> {
    let (before, after) = (there.to_vec(), there.to_vec());
    let racing = racing.to_vec();
    let mut trial = Trial::named(name, move |table: &Table| fill(table, &before));
    for (number, (key, value)) in racing.iter().copied().enumerate() {
        trial = trial.process(&format!("insert {number}"), move |table| insert(table, key, value));
    }
    let kept = racing.clone();
    let values = racing.clone();
    trial
        .must(Failure::LostUpdate, "what was there stays there", move |end| {
            after.iter().try_for_each(|pair| has(end.shared, *pair))
        })
        .must(Failure::LostUpdate, "a key whose insert returned true is there", move |end| {
            winners(&kept, end).try_for_each(|(key, _)| slot_of(end.shared, key).map(|_| ()))
        })
        .must(Failure::WrongResult, "no key is in two slots", |end| no_key_twice(end.shared))
        .must(Failure::WrongResult, "of two inserts of a key, one returns true", {
            let racing = racing.clone();
            move |end| one_winner_each(&racing, end)
        })
        .must(Failure::WrongResult, "an insert returns false only where no slot is left", {
            move |end| no_needless_refusal(&racing, end)
        })
        .must(Failure::WrongResult, "each key has the value that its insert gave it", move |end| {
            winners(&values, end).try_for_each(|pair| has(end.shared, pair))
        })
        .must(Failure::LostUpdate, "count is that of the occupied slots", |end| {
            let (count, occupied) = (end.shared.count.load(Relaxed), keys(end.shared).count());
            match count as usize == occupied {
                true => Ok(()),
                false => Err(format!("count is {count}, and {occupied} slots are occupied")),
            }
        })
}

fn fill(table: &Table, pairs: &[Pair]) {
    for (slot, (key, value)) in table.slots.iter().zip(pairs) {
        slot.key.store(*key, Relaxed);
        slot.value.store(*value, Relaxed);
    }
    table.count.store(pairs.len() as u32, Relaxed);
}

/// The keys in the table.
fn keys(table: &Table) -> impl Iterator<Item = u64> {
    table.slots.iter().map(|slot| slot.key.load(Relaxed)).filter(|key| *key != FREE)
}

/// The pairs whose insert returned true.
fn winners(racing: &[Pair], end: &End<'_, Table>) -> impl Iterator<Item = Pair> {
    let returned_true = |number: &usize| end.returned(*number) == Some("true");
    (0..racing.len()).filter(returned_true).map(|number| racing[number])
}

fn slot_of(table: &Table, key: u64) -> Result<&Slot, String> {
    let found = table.slots.iter().find(|slot| slot.key.load(Relaxed) == key);
    found.ok_or_else(|| format!("key {key} is in no slot"))
}

fn has(table: &Table, (key, value): Pair) -> Result<(), String> {
    match slot_of(table, key)?.value.load(Relaxed) {
        found if found == value => Ok(()),
        found => Err(format!("beside key {key} stands {found}, not {value}")),
    }
}

fn no_key_twice(table: &Table) -> Result<(), String> {
    let found: Vec<u64> = keys(table).collect();
    let twice = found.iter().enumerate().find(|(place, key)| found[..*place].contains(key));
    twice.map_or(Ok(()), |(_, key)| Err(format!("key {key} is in two slots")))
}

fn one_winner_each(racing: &[Pair], end: &End<'_, Table>) -> Result<(), String> {
    let won: Vec<u64> = winners(racing, end).map(|(key, _)| key).collect();
    let twice = won.iter().enumerate().find(|(place, key)| won[..*place].contains(key));
    twice.map_or(Ok(()), |(_, key)| Err(format!("both inserts of key {key} returned true")))
}

fn no_needless_refusal(racing: &[Pair], end: &End<'_, Table>) -> Result<(), String> {
    let missing = racing.iter().find(|(key, _)| slot_of(end.shared, *key).is_err());
    let free = SLOTS - keys(end.shared).count();
    match missing {
        Some((key, _)) if free > 0 => {
            Err(format!("key {key} was refused, and {free} slots are free"))
        }
        _ => Ok(()),
    }
}
