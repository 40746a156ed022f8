//! Exercise `same-version`: what a reader can find beside a version that is the
//! same before and after.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use crate::{Predict, Work};

shared! {
    /// Two words that belong together, and their version.
    pub struct Pair {
        /// Odd during a change.
        pub version: AtomicU32,
        /// The first word.
        pub first: AtomicU32,
        /// The second word.
        pub second: AtomicU32,
    }
}

/// The given writer.
// ANCHOR: write
pub fn write(pair: &Pair) {
    pair.version.store(1, Relaxed);
    pair.first.store(7, Relaxed);
    pair.second.store(7, Relaxed);
    pair.version.store(2, Relaxed);
}
// ANCHOR_END: write

/// The given reader.
// ANCHOR: read
pub fn read(pair: &Pair) -> String {
    let before = pair.version.load(Relaxed);
    let second = pair.second.load(Relaxed);
    let first = pair.first.load(Relaxed);
    let after = pair.version.load(Relaxed);
    if before == after { format!("{before}: {first} {second}") } else { "again".into() }
}
// ANCHOR_END: read

/// What is asked for.
pub struct Answer {
    /// All that the reader can return.
    pub outcomes: &'static [&'static str],
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        Work::Predict(Predict::new(self.outcomes, || {
            Scenario::new("a writer and a reader", |_: &Pair| {})
                .process("writer", write)
                .process("reader", read)
                .outcome(|end| end.returned(1).unwrap_or("nothing").to_owned())
        }))
    }
}
