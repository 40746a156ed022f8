//! What the tables of labs 1 to 3 are made of, and what can be wrong with one.
//!
//! Idea: the labs differ in how they set a key. Slots, keys, values and the
//! damage to look for are the same in all, so that they can be compared.
//! Source: the full store of lab 4, made small enough for every schedule to be
//! explored: a key has eight bytes, a value four words of four, and nothing is
//! deleted.
//! Limits: only values can be torn; a key is stored in one go.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use shmkv_harness::{End, ProcessEnd};

/// Slots in a table: one for the key that all writers set, and one for a key of
/// each of up to nine writers.
pub const SLOTS: usize = 10;

/// Words in a value.
pub const VALUE_WORDS: usize = 4;

/// The key of a slot that holds none.
pub const FREE: u64 = 0;

// ANCHOR: slot
shmkv_harness::shared! {
    /// A key and its value.
    pub struct Slot {
        /// The key, or [`FREE`].
        pub key: AtomicU64 as text,
        /// The value: the same word in all places, so that a torn one shows.
        pub value: [AtomicU32; VALUE_WORDS] as text,
    }
}
// ANCHOR_END: slot

/// A value, copied out.
pub type Value = [Word; VALUE_WORDS];

/// A part of a value: four bytes of text.
pub type Word = u32;

impl Slot {
    // ANCHOR: write
    /// Writes a value, word by word, as memcpy(3) does.
    pub fn write(&self, word: Word) {
        // Relaxed, here and in `read`: see the head of `lab_1`.
        self.value.iter().for_each(|place| place.store(word, Relaxed));
    }
    // ANCHOR_END: write

    // ANCHOR: read
    /// Copies the value out, word by word.
    pub fn read(&self) -> Value {
        std::array::from_fn(|place| self.value[place].load(Relaxed))
    }
    // ANCHOR_END: read
}

/// Which key a writer sets in its turn: by turns key 0, which all writers set,
/// and one of its own. Odd writers begin with their own.
pub fn key_for(writer: usize, turn: u32) -> usize {
    if (writer + turn as usize).is_multiple_of(2) { 0 } else { writer + 1 }
}

// The bodies of processes use these: they allocate nothing, and are short beside
// a set.

/// Key `number`, 0 to 9: its name as text.
pub fn key(number: usize) -> u64 {
    u64::from_ne_bytes([b'k', b'e', b'y', b' ', digit(number as u32), 0, 0, 0])
}

/// What writer `number`, 0 to 9, writes.
pub fn written_by(number: usize) -> Word {
    Word::from_ne_bytes([b'b', b'y', b' ', digit(number as u32)])
}

/// A number below 10,000 as a word.
pub fn number(number: u32) -> Word {
    Word::from_ne_bytes([1_000, 100, 10, 1].map(|place| digit(number / place)))
}

/// The last digit of a number as text.
fn digit(number: u32) -> u8 {
    b'0' + (number % 10) as u8
}

/// The number that `word` holds, if it does.
pub fn number_in(word: Word) -> Option<u32> {
    text(word.to_ne_bytes()).parse().ok()
}

/// Text without the NULs behind it.
fn text<const N: usize>(bytes: [u8; N]) -> String {
    String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned()
}

/// The word of which a value consists; `Err` names two where it was torn.
pub fn whole(value: &[Word]) -> Result<Word, String> {
    let quoted = |word: Word| format!("\"{}\"", text(word.to_ne_bytes()));
    match value.iter().find(|word| **word != value[0]) {
        None => Ok(value[0]),
        Some(other) => Err(format!("words {} and {}", quoted(value[0]), quoted(*other))),
    }
}

/// How many sets were made at the end of a run in which each process was to make so
/// many `sets`. Of one that was killed it is not known how many it had begun: none,
/// all, or anything in between.
pub fn sets_made<T>(end: &End<'_, T>, sets: u32) -> RangeInclusive<u32> {
    let all = end.processes.len() as u32;
    (all - end.killed() as u32) * sets..=all * sets
}

/// The keys that were set for certain: those of processes that were not killed.
pub fn keys_set<T>(end: &End<'_, T>, sets: u32) -> impl Iterator<Item = usize> {
    let processes = end.processes.iter().enumerate();
    let to_the_end = processes.filter(|(_, end)| **end != ProcessEnd::Killed).map(|(me, _)| me);
    to_the_end.flat_map(move |me| (0..sets.min(2)).map(move |turn| key_for(me, turn)))
}

/// A table, copied out once nobody changes it any more.
pub struct Contents {
    version: u32,
    count: u32,
    /// Of each occupied slot its number, its key, its value.
    entries: Vec<(usize, u64, Value)>,
}

impl Contents {
    /// Copies the occupied `slots`.
    pub fn new(version: u32, count: u32, slots: &[Slot]) -> Self {
        let slots = slots.iter().enumerate();
        let entries = slots
            .map(|(number, slot)| (number, slot.key.load(Relaxed), slot.read()))
            .filter(|(_, key, _)| *key != FREE)
            .collect();
        Self { version, count, entries }
    }

    /// Whether each of so many `sets` added one to the version.
    pub fn version_counts(&self, sets: RangeInclusive<u32>) -> Result<(), String> {
        let (version, least, most) = (self.version, sets.start(), sets.end());
        if sets.contains(&version) {
            Ok(())
        } else if least == most {
            Err(format!("version is {version} after {most} sets"))
        } else {
            Err(format!("version is {version} after {least} to {most} sets"))
        }
    }

    /// Whether `keys`, all of which were set, are there.
    pub fn has_all(&self, mut keys: impl Iterator<Item = usize>) -> Result<(), String> {
        let missing = keys.find(|number| self.slots_of(key(*number)).next().is_none());
        missing.map_or(Ok(()), |number| Err(format!("key {number} is in no slot")))
    }

    /// Whether no key is in two slots.
    pub fn has_none_twice(&self) -> Result<(), String> {
        for (first, key, _) in &self.entries {
            if let Some(second) = self.slots_of(*key).find(|slot| slot > first) {
                return Err(format!(
                    "{} is in slots {first} and {second}",
                    text(key.to_ne_bytes())
                ));
            }
        }
        Ok(())
    }

    /// Whether the count is that of the occupied slots.
    pub fn count_is_right(&self) -> Result<(), String> {
        let (count, occupied) = (self.count, self.entries.len());
        if count as usize == occupied {
            Ok(())
        } else {
            Err(format!("count is {count}, and {occupied} slots are occupied"))
        }
    }

    /// Whether each value is of one writer.
    pub fn values_are_whole(&self) -> Result<(), String> {
        self.entries.iter().try_for_each(|(slot, _, value)| {
            whole(value).map(drop).map_err(|found| format!("slot {slot} holds {found}"))
        })
    }

    fn slots_of(&self, key: u64) -> impl Iterator<Item = usize> {
        self.entries.iter().filter(move |entry| entry.1 == key).map(|entry| entry.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(number: usize, value: [usize; VALUE_WORDS]) -> Slot {
        Slot { key: key(number).into(), value: value.map(|writer| written_by(writer).into()) }
    }

    fn free() -> Slot {
        Slot { key: FREE.into(), value: Default::default() }
    }

    fn found(result: Result<(), String>) -> String {
        result.expect_err("damage")
    }

    #[test]
    fn sound_table_has_no_damage() {
        let contents = Contents::new(3, 2, &[slot(0, [1; 4]), slot(1, [0; 4]), free()]);
        assert_eq!(contents.version_counts(3..=3), Ok(()));
        assert_eq!(contents.version_counts(2..=4), Ok(()));
        assert_eq!(contents.has_all([0, 1].into_iter()), Ok(()));
        assert_eq!(contents.has_none_twice(), Ok(()));
        assert_eq!(contents.count_is_right(), Ok(()));
        assert_eq!(contents.values_are_whole(), Ok(()));
    }

    #[test]
    fn each_kind_of_damage_is_named_with_its_numbers() {
        let contents =
            Contents::new(2, 1, &[slot(3, [0; 4]), free(), slot(3, [1, 1, 0, 1]), free()]);
        assert_eq!(found(contents.version_counts(3..=3)), "version is 2 after 3 sets");
        assert_eq!(found(contents.version_counts(3..=4)), "version is 2 after 3 to 4 sets");
        assert_eq!(found(contents.has_all([3, 4].into_iter())), "key 4 is in no slot");
        assert_eq!(found(contents.has_none_twice()), "key 3 is in slots 0 and 2");
        assert_eq!(found(contents.count_is_right()), "count is 1, and 2 slots are occupied");
        assert_eq!(found(contents.values_are_whole()), "slot 2 holds words \"by 1\" and \"by 0\"");
    }

    /// Process 0 was killed, process 1 was not: what process 0 had done is not known.
    #[test]
    fn sets_of_a_killed_process_may_have_been_made() {
        let table = [slot(0, [0; 4])];
        let returned = ProcessEnd::Returned { value: String::new() };
        let killed = [ProcessEnd::Killed, returned.clone()];
        let end = End { shared: &table, processes: &killed };
        assert_eq!(sets_made(&end, 2), 2..=4);
        assert_eq!(keys_set(&end, 2).collect::<Vec<_>>(), [2, 0]);
        let all = [returned.clone(), returned];
        assert_eq!(sets_made(&End { shared: &table, processes: &all }, 2), 4..=4);
    }

    #[test]
    fn writers_take_turns_with_their_keys() {
        let keys = |writer| (0..3).map(move |turn| key_for(writer, turn)).collect::<Vec<_>>();
        assert_eq!((keys(0), keys(1)), (vec![0, 1, 0], vec![2, 0, 2]));
    }

    #[test]
    fn numbers_are_read_back() {
        assert_eq!(text(number(42).to_ne_bytes()), "0042");
        assert_eq!(number_in(number(42)), Some(42));
        assert_eq!(number_in(number(9_876)), Some(9_876));
        assert_eq!(number_in(written_by(1)), None);
    }
}
