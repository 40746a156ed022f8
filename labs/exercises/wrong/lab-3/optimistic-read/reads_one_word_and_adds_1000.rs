//! Verdict: wrong result
//! The second word is guessed from the first.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_3::optimistic_read::Pair;

pub fn read(pair: &Pair) -> [u64; 2] {
    let first = pair.words[0].load(Relaxed);
    [first, first.wrapping_add(1000)]
}
