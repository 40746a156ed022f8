//! Exercise `armed-too-early`: a kill after which recovery does harm.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use shmkv_harness::shared;

use crate::{Break, Failure, Trial, Wanted, Work};

shared! {
    /// A value of two words, and what is kept of the one before.
    pub struct Record {
        /// 1: the value is being replaced, and `kept` is what it was.
        pub armed: AtomicU32,
        /// The value before.
        pub kept: [AtomicU64; 2],
        /// The value.
        pub value: [AtomicU64; 2],
    }
}

/// The given code.
// ANCHOR: replace
pub fn replace(record: &Record, word: u64) {
    record.armed.store(1, Relaxed);
    for (kept, value) in record.kept.iter().zip(&record.value) {
        kept.store(value.load(Relaxed), Relaxed);
    }
    record.value.iter().for_each(|value| value.store(word, Relaxed));
    record.armed.store(0, Relaxed);
}
// ANCHOR_END: replace

/// What is done after a kill.
// ANCHOR: recover
pub fn recover(record: &Record) {
    if record.armed.load(Relaxed) == 1 {
        for (kept, value) in record.kept.iter().zip(&record.value) {
            value.store(kept.load(Relaxed), Relaxed);
        }
        record.armed.store(0, Relaxed);
    }
}
// ANCHOR_END: recover

const OLD_OR_NEW: &str = "the value is the old one or the new one";

/// What is asked for.
pub struct Answer {
    /// A schedule after which the value is neither the old nor the new, or `NONE`.
    pub schedule: &'static str,
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        let trial = Trial::named("a replacement that is cut off", |record: &Record| {
            record.value.iter().for_each(|value| value.store(1, Relaxed));
            replace(record, 2);
        })
        .process("replacer", |record: &Record| replace(record, 3))
        .recovery(recover)
        .must(Failure::LostUpdate, OLD_OR_NEW, |end| {
            match end.shared.value.each_ref().map(|word| word.load(Relaxed)) {
                [2, 2] | [3, 3] => Ok(()),
                [first, second] => Err(format!("it is {first}, {second}")),
            }
        })
        .all_schedules()
        .with_kills()
        .build();
        Work::Break(Break {
            schedule: self.schedule,
            trial,
            wanted: "the value is neither the old one nor the new one",
            verdict: Wanted::Violated(&[OLD_OR_NEW]),
        })
    }
}
