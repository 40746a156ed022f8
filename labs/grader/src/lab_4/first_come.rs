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
        Work::Predict(answer.preemptions(2))
    }
}
