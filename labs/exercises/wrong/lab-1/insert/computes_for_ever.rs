//! Verdict: too slow
//! It never comes back.

use shmkv_grader::lab_1::insert::Table;

pub fn insert(_: &Table, mut key: u64, _: u64) -> bool {
    loop {
        key = std::hint::black_box(key.wrapping_add(1));
    }
}
