//! Exercise `optimistic-read`: two words of one moment, without a lock.
//!
//! Given: a writer that keeps the version odd during its change.

use std::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Relaxed, Release},
    fence,
};

use shmkv::Semaphore;
use shmkv_harness::{End, shared};

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
    write_often(pair, words, 1, between);
}

/// As after so many `changes`, of which the last one can be seen.
fn write_often(pair: &Pair, words: [u64; 2], changes: u32, between: impl Fn()) {
    let _guard = pair.lock.guard().expect("a semaphore");
    let version = pair.version.load(Relaxed).wrapping_add(2 * (changes - 1));
    pair.version.store(version.wrapping_add(1), Relaxed);
    // Release: pairs with the reader's Acquire fence. Without it a reader could
    // copy a new word, and still find the version as it was.
    fence(Release);
    pair.words[0].store(words[0], Relaxed);
    between();
    pair.words[1].store(words[1], Relaxed);
    // Release: pairs with the reader's Acquire load. Relaxed could show the new
    // version with old words.
    pair.version.store(version.wrapping_add(2), Release);
}
// ANCHOR_END: write

impl crate::Answer for Answer {
    /// Preemptions: one stops the writer in its change, one the reader in its copy, and
    /// a third lets the writer end it before the reader's last look. Two changes take
    /// no more than two of them. Answers with many tries meet a writer that stands
    /// still for all of them, and a version that many changes have moved.
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        let mut trials = vec![
            self.one_after_the_other(&mut dice),
            self.changes(1, 3, &mut dice),
            self.changes(2, 2, &mut dice),
            self.lock_held(&mut dice),
            self.still_writer(&mut dice),
            self.read_twice(&mut dice),
        ];
        // What is left of a version in 8 bits, in 16, and without its sign.
        trials.extend([7, 15, 30].map(|bits| self.many_changes(1 << bits, &mut dice)));
        Work::Write(trials)
    }
}

impl Answer {
    /// What has been written before is what is read, each time.
    fn one_after_the_other(&self, dice: &mut Dice) -> Trial {
        let mut written: [[u64; 2]; 6] = pairs(dice);
        // Words may be equal, and stay as they were.
        written[1] = [written[1][0]; 2];
        written[2] = [written[1][0], written[2][1]];
        written[3] = [0, u64::MAX];
        written[4] = [0, 0];
        let read = self.read;
        holding("writes and reads one after the other", written[0], dice)
            .process("user", move |state| {
                let wrong = |words: [u64; 2]| {
                    let found = read(&state.pair);
                    (found != words)
                        .then(|| format!("written: {}; read: {}", text(words), text(found)))
                };
                wrong(written[0])
                    .or_else(|| {
                        written[1..].iter().find_map(|words| {
                            write(&state.pair, *words);
                            wrong(*words).or_else(|| wrong(*words))
                        })
                    })
                    .unwrap_or_default()
            })
            .must(Failure::WrongResult, "what was written is what is read", |end| {
                match end.returned(0) {
                    None | Some("") => Ok(()),
                    Some(wrong) => Err(wrong.to_owned()),
                }
            })
            .must(Failure::WrongResult, "a reader changes nothing", move |end| {
                unchanged(end, written[5])
            })
            .build()
    }

    /// A writer makes so many `changes`, and a reader copies.
    fn changes(&self, changes: usize, preemptions: u32, dice: &mut Dice) -> Trial {
        let written: [_; 3] = pairs(dice);
        let read = self.read;
        let name = if changes == 1 { "a change and a reader" } else { "two changes and a reader" };
        let trial = holding(name, written[0], dice)
            .process("writer", move |state| {
                written[1..=changes].iter().for_each(|words| write(&state.pair, *words));
            })
            .process("reader", move |state| text(read(&state.pair)))
            .must(Failure::WrongResult, "a reader changes nothing", move |end| {
                unchanged(end, written[changes])
            });
        of_one_moment(trial, 1, written).preemptions(preemptions).build()
    }

    /// So many changes go by while a reader copies.
    fn many_changes(&self, changes: u32, dice: &mut Dice) -> Trial {
        let written: [_; 2] = pairs(dice);
        let read = self.read;
        let trial = holding(&format!("{changes} changes and a reader"), written[0], dice)
            .process("writer", move |state| write_often(&state.pair, written[1], changes, || {}))
            .process("reader", move |state| text(read(&state.pair)));
        of_one_moment(trial, 1, written).preemptions(1).build()
    }

    /// A reader reads again, and finds nothing that is older.
    fn read_twice(&self, dice: &mut Dice) -> Trial {
        let written: [_; 3] = pairs(dice);
        let read = self.read;
        holding("two changes and a reader that reads twice", written[0], dice)
            .process("writer", move |state| {
                written[1..].iter().for_each(|words| write(&state.pair, *words));
            })
            .process("reader", move |state| {
                let moments = [(); 2].map(|()| {
                    let found = read(&state.pair);
                    (found, written.iter().position(|words| *words == found))
                });
                match moments {
                    [(_, Some(first)), (_, Some(second))] if first <= second => String::new(),
                    [(first, Some(_)), (second, Some(_))] => {
                        format!("first {}, then {}", text(first), text(second))
                    }
                    [(found, None), _] | [_, (found, None)] => text(found),
                }
            })
            .must(Failure::TornValue, "a reader finds one moment after the other", |end| match end
                .returned(1)
            {
                None | Some("") => Ok(()),
                Some(found) => Err(format!("it returned {found}")),
            })
            .preemptions(1)
            .build()
    }

    /// Somebody holds the lock until the reader has its copy, and changes nothing.
    fn lock_held(&self, dice: &mut Dice) -> Trial {
        let [words] = pairs(dice);
        let read = self.read;
        let trial = holding("a lock that is held while nothing changes", words, dice)
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
        let name = "a reader, and a writer that stands still in its change";
        let trial = holding(name, written[0], dice)
            .process("writer", move |state| {
                write_slowly(&state.pair, written[1], || {
                    state.go_on.wait().expect("a semaphore");
                });
            })
            .process("reader", move |state| text(read(&state.pair)));
        of_one_moment(trial, 1, written).nobody_comes("the writer had ended its change").build()
    }
}

/// `N` pairs of words, all different.
fn pairs<const N: usize>(dice: &mut Dice) -> [[u64; 2]; N] {
    [(); N].map(|()| dice.distinct())
}

fn text(words: [u64; 2]) -> String {
    format!("{} {}", words[0], words[1])
}

/// Whether the words are these, and the version says that nobody is writing.
fn unchanged(end: &End<'_, State>, words: [u64; 2]) -> Result<(), String> {
    let pair = &end.shared.pair;
    let found = pair.words.each_ref().map(|word| word.load(Relaxed));
    match pair.version.load(Relaxed) {
        version if version % 2 == 1 => Err(format!("in the end the version is {version}")),
        _ if found != words => Err(format!("in the end the words are {}", text(found))),
        _ => Ok(()),
    }
}

/// A trial that begins with these words, and at any version.
fn holding(name: &str, words: [u64; 2], dice: &mut Dice) -> TrialBuilder<State> {
    let start = |semaphore: &Semaphore, value| semaphore.init(value).expect("a semaphore");
    let version = dice.any() as u32 & !1;
    Trial::named(name, move |state: &State| {
        start(&state.pair.lock, 1);
        start(&state.go_on, 0);
        state.pair.version.store(version, Relaxed);
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
