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
    /// Preemptions: an insert touches a slot by one step that counts, or by two, a look
    /// and a change. Three put another insert between those two, and that one's between
    /// again; with three processes two are enough to lose two slots in a row. To lose
    /// three takes four processes: these are drawn.
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        let insert = self.insert;
        Work::Write(vec![
            one_after_the_other(insert, &mut dice),
            different_keys(insert, &mut dice),
            same_key(insert, &mut dice),
            empty_table(insert, &mut dice),
            last_slots(insert, &mut dice),
            crowd(insert, &mut dice),
        ])
    }
}

type Insert = fn(&Table, u64, u64) -> bool;

/// A key with its value.
type Pair = (u64, u64);

/// One process fills the table, and tries keys that are there, in each slot, and one
/// for which there is no room.
fn one_after_the_other(insert: Insert, dice: &mut Dice) -> Trial {
    let mut given = pairs::<SLOTS>(dice);
    // The least and the greatest values are values like others, and two may be equal.
    given[dice.between(0, 1) as usize].1 = 0;
    given[2].1 = u64::MAX;
    given[3].1 = given[2].1;
    let (other, [late]) = (dice.any(), pairs(dice));
    let after = given;
    let said = |statement: &str, number: usize| format!("{statement} {number}");
    Trial::named("inserts one after the other", |_: &Table| {})
        .process("user", move |table: &Table| {
            for (number, (key, value)) in given.into_iter().enumerate() {
                if !insert(table, key, value) {
                    return said("false for a new key, when the table holds", number);
                }
                for (key, _) in &given[..=number] {
                    if insert(table, *key, other) {
                        return said(
                            "true for a key that is there, when the table holds",
                            number + 1,
                        );
                    }
                }
            }
            match insert(table, late.0, late.1) {
                true => "true for a new key, when the table is full".into(),
                false => String::new(),
            }
        })
        .must(Failure::WrongResult, "insert says whether it did", |end| match end.returned(0) {
            None | Some("") => Ok(()),
            Some(said) => Err(format!("insert returned {said}")),
        })
        .must(Failure::WrongResult, "each key is in the first slot that was free", move |end| {
            let slots = end.shared.slots.iter().zip(&after).enumerate();
            let found =
                slots.map(|(place, (slot, (key, _)))| (place, slot.key.load(Relaxed), *key));
            let mut wrong = found.filter(|(_, found, key)| found != key);
            wrong.next().map_or(Ok(()), |(place, found, key)| {
                Err(format!("slot {place} has the key {found}, and not {key}"))
            })
        })
        .must(Failure::WrongResult, "each key has the value that its insert gave it", move |end| {
            after.iter().try_for_each(|pair| has(end.shared, *pair))
        })
        .must(Failure::LostUpdate, "count is that of the occupied slots", |end| counted(end.shared))
        .build()
}

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

/// Three processes, an empty table, and two of the keys are the same.
fn empty_table(insert: Insert, dice: &mut Dice) -> Trial {
    let [first, second, (_, other_value)] = pairs(dice);
    let racing = [first, second, (first.0, other_value)];
    inserting("three inserts of two keys", insert, &[], &racing).build()
}

/// Three processes, three keys, two slots.
fn last_slots(insert: Insert, dice: &mut Dice) -> Trial {
    let pairs = pairs::<5>(dice);
    let trial = inserting("three keys for two slots", insert, &pairs[..2], &pairs[2..]);
    trial.preemptions(1).build()
}

/// As many processes as slots, and one more; some keys may be the same.
fn crowd(insert: Insert, dice: &mut Dice) -> Trial {
    let mut racing = pairs::<{ SLOTS + 1 }>(dice);
    let same = dice.between(0, SLOTS as u64) as usize;
    racing[SLOTS].0 = racing[same].0;
    inserting("five inserts at once", insert, &[], &racing).drawn(150).build()
}

fn pairs<const N: usize>(dice: &mut Dice) -> [Pair; N] {
    let keys = dice.distinct::<N>();
    keys.map(|key| (key, dice.any()))
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
        .must(Failure::WrongResult, "no slot is left free before an occupied one", |end| {
            let free = end.shared.slots.iter().position(|slot| slot.key.load(Relaxed) == FREE);
            match free {
                Some(free) if keys(end.shared).count() > free => {
                    Err(format!("slot {free} is free"))
                }
                _ => Ok(()),
            }
        })
        .must(Failure::LostUpdate, "count is that of the occupied slots", |end| counted(end.shared))
}

fn fill(table: &Table, pairs: &[Pair]) {
    for (slot, (key, value)) in table.slots.iter().zip(pairs) {
        slot.key.store(*key, Relaxed);
        slot.value.store(*value, Relaxed);
    }
    table.count.store(pairs.len() as u32, Relaxed);
}

fn counted(table: &Table) -> Result<(), String> {
    let (count, occupied) = (table.count.load(Relaxed), keys(table).count());
    match count as usize == occupied {
        true => Ok(()),
        false => Err(format!("count is {count}, and {occupied} slots are occupied")),
    }
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
