//! Exercise `optimistic-read`: two words of one moment, without a lock.
//!
//! Given: a writer that keeps the version odd during its change.

use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Relaxed, Release},
    fence,
};

use shmkv::Semaphore;
use shmkv_harness::shared;

use crate::{Dice, Failure, Trial, TrialBuilder, Work};

shared! {
    /// Two words that belong together.
    pub struct Pair {
        /// Who writes holds it. 1: free; 0: held.
        pub lock: Semaphore,
        /// Two for each change, and one more during one.
        pub version: AtomicU32,
        /// The words.
        pub words: [AtomicU64; 2],
    }
}

shared! {
    struct State {
        pair: Pair,
        /// Whoever holds the lock waits for this one.
        go_on: Semaphore,
    }
}

/// What is asked for.
pub struct Answer {
    /// Both words, as they were at one moment.
    pub read: fn(pair: &Pair) -> [u64; 2],
}

/// The given writer.
// ANCHOR: write
pub fn write(pair: &Pair, words: [u64; 2]) {
    write_slowly(pair, words, || {});
}

fn write_slowly(pair: &Pair, words: [u64; 2], between: impl Fn()) {
    let _guard = pair.lock.guard().expect("a semaphore");
    let version = pair.version.load(Relaxed);
    pair.version.store(version + 1, Relaxed);
    // Release: pairs with the reader's Acquire fence. Without it a reader could
    // copy a new word, and still find the version as it was.
    fence(Release);
    pair.words[0].store(words[0], Relaxed);
    between();
    pair.words[1].store(words[1], Relaxed);
    // Release: pairs with the reader's Acquire load. Relaxed could show the new
    // version with old words.
    pair.version.store(version + 2, Release);
}
// ANCHOR_END: write

impl crate::Answer for Answer {
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.alone(&mut dice),
            self.changes(1, 3, &mut dice),
            self.changes(2, 2, &mut dice),
            self.lock_held(&mut dice),
            self.still_writer(&mut dice),
        ])
    }
}

impl Answer {
    /// What has been written before is what is read.
    fn alone(&self, dice: &mut Dice) -> Trial {
        let [before, after] = pairs(dice);
        let read = self.read;
        holding("a write and a read, one after the other", before)
            .process("user", move |state| {
                write(&state.pair, after);
                text(read(&state.pair))
            })
            .must(Failure::WrongResult, "what was written is what is read", move |end| {
                match end.returned(0) {
                    Some(found) if found != text(after) => {
                        Err(format!("written: {}; read: {found}", text(after)))
                    }
                    _ => Ok(()),
                }
            })
            .build()
    }

    /// A writer makes so many `changes`, and a reader copies.
    fn changes(&self, changes: usize, preemptions: u32, dice: &mut Dice) -> Trial {
        let written: [_; 3] = pairs(dice);
        let read = self.read;
        let name = if changes == 1 { "a change and a reader" } else { "two changes and a reader" };
        let trial = holding(name, written[0])
            .process("writer", move |state| {
                written[1..=changes].iter().for_each(|words| write(&state.pair, *words));
            })
            .process("reader", move |state| text(read(&state.pair)));
        of_one_moment(trial, 1, written).preemptions(preemptions).build()
    }

    /// Somebody holds the lock until the reader has its copy, and changes nothing.
    fn lock_held(&self, dice: &mut Dice) -> Trial {
        let [words] = pairs(dice);
        let read = self.read;
        let trial = holding("a lock that is held while nothing changes", words)
            .process("holder", |state| {
                let _guard = state.pair.lock.guard().expect("a semaphore");
                state.go_on.wait().expect("a semaphore");
            })
            .process("reader", move |state| {
                let words = read(&state.pair);
                state.go_on.post().expect("a semaphore");
                text(words)
            });
        of_one_moment(trial, 1, [words]).preemptions(1).build()
    }

    /// A writer stands still in the midst of its change; a reader sleeps.
    fn still_writer(&self, dice: &mut Dice) -> Trial {
        let written: [_; 2] = pairs(dice);
        let read = self.read;
        let trial = holding("a reader, and a writer that stands still in its change", written[0])
            .process("writer", move |state| {
                write_slowly(&state.pair, written[1], || {
                    state.go_on.wait().expect("a semaphore");
                });
            })
            .process("reader", move |state| text(read(&state.pair)));
        of_one_moment(trial, 1, written).nobody_comes().build()
    }
}

/// `N` pairs of words, all different.
fn pairs<const N: usize>(dice: &mut Dice) -> [[u64; 2]; N] {
    let words = dice.distinct::<N>();
    words.map(|word| [word, word + 1000])
}

fn text(words: [u64; 2]) -> String {
    format!("{} {}", words[0], words[1])
}

/// A trial that begins with these words.
fn holding(name: &str, words: [u64; 2]) -> TrialBuilder<State> {
    let start = |semaphore: &Semaphore, value| semaphore.init(value).expect("a semaphore");
    Trial::named(name, move |state: &State| {
        start(&state.pair.lock, 1);
        start(&state.go_on, 0);
        write(&state.pair, words);
    })
    .must_free("pair.lock", |state| &state.pair.lock)
}

/// What process `reader` returns is one of `written`.
fn of_one_moment<const N: usize>(
    trial: TrialBuilder<State>,
    reader: usize,
    written: [[u64; 2]; N],
) -> TrialBuilder<State> {
    let was_there = move |place: usize, word: &str| {
        written.iter().any(|words| words[place].to_string() == word)
    };
    trial
        .must(Failure::WrongResult, "a reader returns words that were there", move |end| {
            let Some(found) = end.returned(reader) else { return Ok(()) };
            let strange =
                found.split(' ').enumerate().find(|(place, word)| !was_there(*place, word));
            strange.map_or(Ok(()), |(place, word)| {
                Err(format!("it returned {found}, and {word} never was word {place}"))
            })
        })
        .must(Failure::TornValue, "both words are of one moment", move |end| {
            let Some(found) = end.returned(reader) else { return Ok(()) };
            match written.iter().any(|words| text(*words) == found) {
                true => Ok(()),
                false => Err(format!("a reader returned {found}")),
            }
        })
}
