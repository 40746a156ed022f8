//! Exercise `three-increments`: all values that a counter can end with.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use crate::{Predict, Work};

shared! {
    /// A counter that nothing protects.
    pub struct Counter {
        /// Its value.
        pub value: AtomicU64,
    }
}

/// The given code.
// ANCHOR: count
pub fn count_to_three(counter: &Counter) {
    for _ in 0..3 {
        let seen = counter.value.load(Relaxed);
        counter.value.store(seen + 1, Relaxed);
    }
}
// ANCHOR_END: count

/// What is asked for.
pub struct Answer {
    /// All values that the counter can have at the end.
    pub outcomes: &'static [&'static str],
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        let answer = Predict::new(self.outcomes, || {
            Scenario::new("two processes count to three", |_: &Counter| {})
                .processes(2, "process", |_, counter| count_to_three(counter))
                .outcome(|end| end.shared.value.load(Relaxed).to_string())
        });
        Work::Predict(answer.why_not(why_not))
    }
}

fn why_not(outcome: &str) -> Option<&'static str> {
    Some(match outcome.parse::<u64>() {
        Ok(0) => "Each store is of a value that was loaded, and one more: none stores 0.",
        Ok(1) => {
            "The last store would be of a process that has just loaded 0. But a process has \
             stored twice before its last load, and no store brings 0 back."
        }
        Ok(7..) => "Six increments add up to 6, and none adds more than one.",
        Ok(2..=6) => return None,
        Err(_) => "The counter ends with a number, written in digits.",
    })
}
