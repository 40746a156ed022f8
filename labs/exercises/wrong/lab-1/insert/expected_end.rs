//! Verdict: wrong result
//! It writes the end that the examples in its head have.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_1::insert::Table;

pub fn insert(table: &Table, _: u64, _: u64) -> bool {
    for (number, slot) in table.slots.iter().take(3).enumerate() {
        slot.key.store(number as u64 + 1, Relaxed);
        slot.value.store(100, Relaxed);
    }
    table.count.store(3, Relaxed);
    true
}
