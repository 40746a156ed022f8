//! Exercise `first-come`: all ends of two processes that want one seat.

use shmkv::{Condition, KeyValue, StoreError, Table};
use shmkv_harness::Scenario;

use crate::{Predict, Work};

/// The first given program.
// ANCHOR: ann
pub fn ann(table: &Table) {
    if let Err(StoreError::NotFound { .. }) = table.get("seat") {
        table.set("seat", "Ann").expect("room for a pair");
    }
}
// ANCHOR_END: ann

/// The second given program.
// ANCHOR: bob
pub fn bob(table: &Table) {
    if let Ok(put) = table.put("seat", "Bob", Condition::Absent) {
        // Where this fails, Bob has no seat, and has paid nothing.
        let _ = table.compare_and_set("seat", "Bob, paid", put.version);
    }
}
// ANCHOR_END: bob

/// What is asked for.
pub struct Answer {
    /// All ends: the value of `seat`, and the version of the table.
    pub outcomes: &'static [&'static str],
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        let answer = Predict::new(self.outcomes, || {
            Scenario::new("Ann and Bob want a seat", |table: &Table| table.init())
                .process("Ann", ann)
                .process("Bob", bob)
                .outcome(|end| match end.shared.get_text("seat") {
                    Ok(value) => format!("{value} {}", end.shared.version()),
                    Err(error) => error.to_string(),
                })
        });
        Work::Predict(answer.preemptions(2).why_not(why_not))
    }
}

fn why_not(outcome: &str) -> Option<&'static str> {
    let (value, version) = outcome.rsplit_once(' ')?;
    let version: u32 = version.parse().ok()?;
    Some(match (value, version) {
        (_, 0) => "Whoever comes first finds no key and sets it: that is a change.",
        (_, 4..) => "Ann makes at most one change, and Bob at most two.",
        ("Bob", _) => {
            "Bob's second step fails only if the version has changed since his first one. \
             Only Ann can change it, and then the value is hers."
        }
        ("Bob, paid", 1) => "To have paid, Bob must have made two changes.",
        ("Bob, paid", _) => {
            "The third change would be Ann's. Before Bob's two it keeps him from his first \
             one; between or after them the value is hers."
        }
        _ => return None,
    })
}
