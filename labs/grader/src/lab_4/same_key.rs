//! Exercise `same-key`: a reader without the lock that looks at the key twice.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmkv_harness::shared;

use crate::{Break, Failure, Trial, Wanted, Work};

shared! {
    /// A slot that holds key 1.
    pub struct Slot {
        /// The key; 0: hidden.
        pub key: AtomicU64,
        /// The value.
        pub value: [AtomicU64; 2],
    }
}

/// The given writer: the store replaces a long value so.
// ANCHOR: replace
pub fn replace(slot: &Slot) {
    slot.key.store(0, Relaxed);
    slot.value[1].store(9, Relaxed);
    slot.value[0].store(9, Relaxed);
    slot.key.store(1, Relaxed);
}
// ANCHOR_END: replace

/// The given reader.
// ANCHOR: get
pub fn get(slot: &Slot) -> Option<[u64; 2]> {
    let before = slot.key.load(Relaxed);
    let words = [slot.value[0].load(Relaxed), slot.value[1].load(Relaxed)];
    let after = slot.key.load(Relaxed);
    (before == 1 && after == 1).then_some(words)
}
// ANCHOR_END: get

const WHOLE: &str = "the reader sees one value, whole";

/// What is asked for.
pub struct Answer {
    /// A schedule after which the reader has believed half a value, or `NONE`.
    pub schedule: &'static str,
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        let trial = Trial::named("a replacement and a reader", |slot: &Slot| {
            slot.key.store(1, Relaxed);
            slot.value.iter().for_each(|word| word.store(7, Relaxed));
        })
        .process("replacer", replace)
        .process("reader", |slot| match get(slot) {
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
            wanted: "the reader believes words of two values",
            verdict: Wanted::Violated(&[WHOLE]),
        })
    }
}
