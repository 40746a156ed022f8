//! Exercise `no-race`: is there a schedule in which something is lost, or not?

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::shared;

use crate::{Break, Failure, Trial, Wanted, Work};

shared! {
    /// A sum with its lock.
    pub struct Sum {
        /// 1: free; 0: held.
        pub lock: Semaphore,
        /// The sum.
        pub value: AtomicU32,
        /// Counts additions.
        pub changes: AtomicU32,
    }
}

/// The given code.
// ANCHOR: add
pub fn add(sum: &Sum, amount: u32) {
    sum.lock.wait().expect("a semaphore");
    let seen = sum.value.load(Relaxed);
    sum.value.store(seen + amount, Relaxed);
    sum.lock.post().expect("a semaphore");
    sum.changes.fetch_add(1, Relaxed);
}
// ANCHOR_END: add

const COUNTED: &str = "both amounts and both changes are counted";

/// What is asked for.
pub struct Answer {
    /// A schedule after which something is missing, or `NONE`.
    pub schedule: &'static str,
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        let trial = Trial::named("adding 5 and 7", |sum: &Sum| {
            sum.lock.init(1).expect("a semaphore");
        })
        .process("adds 5", |sum| add(sum, 5))
        .process("adds 7", |sum| add(sum, 7))
        .must(Failure::LostUpdate, COUNTED, |end| {
            match (end.shared.value.load(Relaxed), end.shared.changes.load(Relaxed)) {
                (12, 2) => Ok(()),
                (value, changes) => Err(format!("the sum is {value} after {changes} changes")),
            }
        })
        .all_schedules()
        .build();
        Work::Break(Break {
            schedule: self.schedule,
            trial,
            wanted: "an amount or a change is missing",
            verdict: Wanted::Violated(&[COUNTED]),
        })
    }
}
