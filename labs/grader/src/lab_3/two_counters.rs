//! Exercise `two-counters`: a version made of two numbers, and whether it can
//! deceive a reader.
//!
//! Source: Lamport, "Concurrent Reading and Writing", Communications of the ACM
//! 20, 1977.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use shmkv_harness::shared;

use crate::{Break, Failure, Trial, Wanted, Work};

shared! {
    /// Two words that belong together, and what is counted of their changes.
    pub struct Pair {
        /// Changes that have begun.
        pub begun: AtomicU32,
        /// Changes that have ended.
        pub ended: AtomicU32,
        /// The first word.
        pub first: AtomicU64,
        /// The second word.
        pub second: AtomicU64,
    }
}

/// The given writer. There is one.
// ANCHOR: write
pub fn write(pair: &Pair, word: u64) {
    let change = pair.begun.load(Relaxed) + 1;
    pair.begun.store(change, Relaxed);
    pair.first.store(word, Relaxed);
    pair.second.store(word, Relaxed);
    pair.ended.store(change, Relaxed);
}
// ANCHOR_END: write

/// The given reader.
// ANCHOR: read
pub fn read(pair: &Pair) -> Option<[u64; 2]> {
    let ended = pair.ended.load(Relaxed);
    let words = [pair.first.load(Relaxed), pair.second.load(Relaxed)];
    let begun = pair.begun.load(Relaxed);
    (begun == ended).then_some(words)
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
        let trial = Trial::named("two changes and a reader", |_: &Pair| {})
            .process("writer", |pair| (1..=2).for_each(|word| write(pair, word)))
            .process("reader", |pair| match read(pair) {
                Some([first, second]) if first != second => format!("{first} and {second}"),
                _ => String::new(),
            })
            .must(Failure::TornValue, WHOLE, |end| match end.returned(1) {
                None | Some("") => Ok(()),
                Some(torn) => Err(format!("it believed {torn}")),
            })
            .all_schedules()
            .build();
        Work::Break(Break {
            schedule: self.schedule,
            trial,
            wanted: "the reader believes words of two writes",
            verdict: Wanted::Violated(&[WHOLE]),
        })
    }
}
