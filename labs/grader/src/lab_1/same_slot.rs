//! Exercise `same-slot`: a schedule that puts two keys into one slot.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shmkv_harness::shared;

use crate::{Break, Failure, Trial, Wanted, Work};

shared! {
    /// One key with its value.
    pub struct Slot {
        /// The key; 0: free.
        pub key: AtomicU64,
        /// Its value.
        pub value: AtomicU64,
    }
}

shared! {
    /// A table that nothing protects.
    pub struct Table {
        /// Counts inserts.
        pub version: AtomicU64,
        /// The slots.
        pub slots: [Slot; 2],
    }
}

/// The given code.
// ANCHOR: insert
pub fn insert(table: &Table, key: u64, value: u64) {
    for slot in &table.slots {
        if slot.key.load(Relaxed) == 0 {
            slot.value.store(value, Relaxed);
            slot.key.store(key, Relaxed);
            break;
        }
    }
    let version = table.version.load(Relaxed);
    table.version.store(version + 1, Relaxed);
}
// ANCHOR_END: insert

const KEPT: &str = "both keys are in the table";

/// What is asked for.
pub struct Answer {
    /// A schedule after which one of the two keys is gone, or `NONE`.
    pub schedule: &'static str,
}

impl crate::Answer for Answer {
    fn work(&self, _: u64) -> Work {
        let trial = Trial::named("two inserts", |_: &Table| {})
            .processes(2, "insert", |number, table: &Table| {
                let key = number as u64 + 1;
                insert(table, key, key * 100);
            })
            .must(Failure::LostUpdate, KEPT, |end| {
                let has = |key| end.shared.slots.iter().any(|slot| slot.key.load(Relaxed) == key);
                let gone = [1, 2].into_iter().find(|key| !has(*key));
                gone.map_or(Ok(()), |key| Err(format!("key {key} is in no slot")))
            })
            .must(Failure::LostUpdate, "both inserts are counted", |end| {
                match end.shared.version.load(Relaxed) {
                    2 => Ok(()),
                    version => Err(format!("version is {version} after 2 inserts")),
                }
            })
            .all_schedules()
            .build();
        Work::Break(Break {
            schedule: self.schedule,
            trial,
            wanted: "one of the two keys is gone",
            verdict: Wanted::Violated(&[KEPT]),
        })
    }
}
