//! Verdict: torn value
//! After eight tries it takes what it has.

use std::sync::atomic::{
    Ordering::{Acquire, Relaxed},
    fence,
};

use shmkv_grader::lab_3::optimistic_read::Pair;

pub fn read(pair: &Pair) -> [u64; 2] {
    let mut words = [0, 0];
    for _ in 0..8 {
        let before = pair.version.load(Acquire);
        words = [pair.words[0].load(Relaxed), pair.words[1].load(Relaxed)];
        fence(Acquire);
        if before.is_multiple_of(2) && pair.version.load(Relaxed) == before {
            break;
        }
    }
    words
}
