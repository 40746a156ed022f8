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
        let answer = Predict::new(self.outcomes, || {
            Scenario::new("a writer and a reader", |_: &Pair| {})
                .process("writer", write)
                .process("reader", read)
                .outcome(|end| end.returned(1).unwrap_or("nothing").to_owned())
        });
        Work::Predict(answer.why_not(why_not))
    }
}

fn why_not(outcome: &str) -> Option<&'static str> {
    const FORM: &str = "`read` returns \"again\" or a text like \"0: 0 0\": the version, a colon, \
                        and the two words, each 0 or 7.";
    let parts = outcome.split_once(": ").and_then(|(version, words)| {
        let (first, second) = words.split_once(' ')?;
        Some((version, first, second))
    });
    let Some((version, first @ ("0" | "7"), second @ ("0" | "7"))) = parts else {
        return Some(FORM);
    };
    Some(match (version, first, second) {
        ("0", ..) => {
            "The writer stores version 1 before all else. A reader that finds 0 at its second \
             look, too, has loaded both words before the writer's first store."
        }
        ("1", "0", "7") => {
            "The reader loads `second` first, and the writer stores it last: whoever has \
             found 7 in `second` finds it in `first`."
        }
        ("2", ..) => {
            "The writer stores version 2 when both words are stored. A reader that finds 2 \
             at its first look loads the words after that."
        }
        _ => "The version is 0, 1 or 2.",
    })
}
