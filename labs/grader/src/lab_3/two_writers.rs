//! Exercise `two-writers`: a schedule in which the version deceives a reader.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use shmkv_harness::shared;

use crate::{Break, Failure, Trial, Wanted, Work};

shared! {
    /// Two words that belong together, and their version. There is no lock.
    pub struct Pair {
        /// Meant to be odd during a change.
        pub version: AtomicU32,
        /// The first word.
        pub first: AtomicU64,
        /// The second word.
        pub second: AtomicU64,
    }
}

/// The given writer.
// ANCHOR: write
pub fn write(pair: &Pair, word: u64) {
    pair.version.fetch_add(1, Relaxed);
    pair.first.store(word, Relaxed);
    pair.second.store(word, Relaxed);
    pair.version.fetch_add(1, Relaxed);
}
// ANCHOR_END: write

/// The given reader.
// ANCHOR: read
pub fn read(pair: &Pair) -> Option<[u64; 2]> {
    let before = pair.version.load(Relaxed);
    let words = [pair.first.load(Relaxed), pair.second.load(Relaxed)];
    let after = pair.version.load(Relaxed);
    (before == after && before.is_multiple_of(2)).then_some(words)
}
// ANCHOR_END: read

const WHOLE: &str = "the reader's copy is whole";

/// What is asked for.
pub struct Answer {
    /// A schedule after which the reader has believed a torn copy, or `NONE`.
    pub schedule: &'static str,
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        let trial = Trial::named("two writers and a reader", |_: &Pair| {})
            .processes(2, "writer", |number, pair: &Pair| write(pair, number as u64 + 1))
            .process("reader", |pair| match read(pair) {
                Some([first, second]) if first != second => format!("{first} and {second}"),
                _ => String::new(),
            })
            .must(Failure::TornValue, WHOLE, |end| match end.returned(2) {
                None | Some("") => Ok(()),
                Some(torn) => Err(format!("it believed {torn}")),
            })
            .preemptions(2)
            .build();
        Work::Break(Break {
            schedule: self.schedule,
            trial,
            wanted: "the reader believes words of two writes",
            verdict: Wanted::Violated(&[WHOLE]),
        })
    }
}
