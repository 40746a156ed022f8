//! Exercise `posted-twice`: what comes of a lock that was given back twice.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::{Scenario, shared};

use crate::{Predict, Work};

shared! {
    /// A counter with its lock.
    pub struct Counter {
        /// 1: free; 0: held.
        pub lock: Semaphore,
        /// Its value.
        pub value: AtomicU32,
    }
}

/// The given code.
// ANCHOR: count
pub fn count(counter: &Counter, times: u32) {
    counter.lock.wait().expect("a semaphore");
    for _ in 0..times {
        let seen = counter.value.load(Relaxed);
        counter.value.store(seen + 1, Relaxed);
    }
    counter.lock.post().expect("a semaphore");
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
            Scenario::new("two processes behind a lock that is at 2", |counter: &Counter| {
                counter.lock.init(2).expect("a semaphore");
            })
            .process("counts to two", |counter| count(counter, 2))
            .process("counts to one", |counter| count(counter, 1))
            .outcome(|end| end.shared.value.load(Relaxed).to_string())
        });
        Work::Predict(answer.why_not(why_not))
    }
}

fn why_not(outcome: &str) -> Option<&'static str> {
    Some(match outcome.parse::<u64>() {
        Ok(0) => "Each store is of a value that was loaded, and one more: none stores 0.",
        Ok(4..) => "Three increments add up to 3, and none adds more than one.",
        Ok(1..=3) => return None,
        Err(_) => "The counter ends with a number, written in digits.",
    })
}
