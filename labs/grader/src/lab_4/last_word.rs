//! Exercise `last-word`: can a kill leave a key with half a value?

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmkv_harness::shared;

use crate::{Break, Failure, Trial, Wanted, Work};

shared! {
    /// A slot, free at first. There is no lock.
    pub struct Slot {
        /// The key; 0: free.
        pub key: AtomicU64,
        /// The value.
        pub value: [AtomicU64; 2],
    }
}

/// The given code.
// ANCHOR: insert
pub fn insert(slot: &Slot) {
    slot.value[1].store(7, Relaxed);
    slot.value[0].store(7, Relaxed);
    slot.key.store(1, Relaxed);
}
// ANCHOR_END: insert

/// The given reader.
// ANCHOR: get
pub fn get(slot: &Slot) -> Option<[u64; 2]> {
    let found = slot.key.load(Relaxed);
    (found == 1).then(|| [slot.value[0].load(Relaxed), slot.value[1].load(Relaxed)])
}
// ANCHOR_END: get

const SEEN: &str = "the reader sees the whole value or no key";
const HELD: &str = "the slot holds the whole value or no key";

/// What is asked for.
pub struct Answer {
    /// A schedule after which there is a key with half a value, or somebody has
    /// seen one; or `NONE`.
    pub schedule: &'static str,
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        let whole = |found: Option<[u64; 2]>| match found {
            None | Some([7, 7]) => Ok(()),
            Some([first, second]) => Err(format!("key 1 with {first}, {second}")),
        };
        let trial = Trial::named("an insert and a reader", |_: &Slot| {})
            .process("inserter", insert)
            .process("reader", move |slot| whole(get(slot)).err().unwrap_or_default())
            .must(Failure::TornValue, SEEN, |end| match end.returned(1) {
                None | Some("") => Ok(()),
                Some(half) => Err(format!("it saw {half}")),
            })
            .must(Failure::TornValue, HELD, move |end| whole(get(end.shared)))
            .all_schedules()
            .with_kills()
            .build();
        Work::Break(Break {
            schedule: self.schedule,
            trial,
            wanted: "there is a key with half a value, or the reader has seen one",
            verdict: Wanted::Violated(&[SEEN, HELD]),
        })
    }
}
