//! Verdict: torn value
//! A change can begin once it has looked.

use std::sync::atomic::Ordering::{Acquire, Relaxed};

use shmkv_grader::lab_3::optimistic_read::Pair;

pub fn read(pair: &Pair) -> [u64; 2] {
    for _ in 0..8 {
        if pair.version.load(Acquire).is_multiple_of(2) {
            return [pair.words[0].load(Relaxed), pair.words[1].load(Relaxed)];
        }
    }
    let _guard = pair.lock.guard().expect("a semaphore");
    [pair.words[0].load(Relaxed), pair.words[1].load(Relaxed)]
}
