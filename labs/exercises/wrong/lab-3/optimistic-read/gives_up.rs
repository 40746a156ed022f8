//! Verdict: wrong result
//! Where a change is under way it returns nothing instead of waiting.

use std::sync::atomic::{
    Ordering::{Acquire, Relaxed},
    fence,
};

use shmkv_grader::lab_3::optimistic_read::Pair;

pub fn read(pair: &Pair) -> [u64; 2] {
    let before = pair.version.load(Acquire);
    let words = [pair.words[0].load(Relaxed), pair.words[1].load(Relaxed)];
    fence(Acquire);
    let settled = before.is_multiple_of(2) && pair.version.load(Relaxed) == before;
    if settled { words } else { [0, 0] }
}
