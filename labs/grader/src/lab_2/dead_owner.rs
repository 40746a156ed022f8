//! Exercise `dead-owner`: whom to kill, and when, so that another waits for ever.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::shared;

use crate::{Break, Trial, Wanted, Work};

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
// ANCHOR: add
pub fn add(counter: &Counter) {
    counter.lock.wait().expect("a semaphore");
    let seen = counter.value.load(Relaxed);
    counter.value.store(seen + 1, Relaxed);
    counter.lock.post().expect("a semaphore");
}
// ANCHOR_END: add

/// What is asked for.
pub struct Answer {
    /// A schedule after which a process waits for ever, or `NONE`.
    pub schedule: &'static str,
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        let trial = Trial::named("two increments", |counter: &Counter| {
            counter.lock.init(1).expect("a semaphore");
        })
        .processes(2, "adder", |_, counter: &Counter| add(counter))
        .all_schedules()
        .with_kills()
        .build();
        Work::Break(Break {
            schedule: self.schedule,
            trial,
            wanted: "a process waits for ever",
            verdict: Wanted::Deadlock,
        })
    }
}
