//! Verdict: torn value
//! Both looks at the version come before the copy.

use std::sync::atomic::Ordering::{Acquire, Relaxed};

use shmkv_grader::lab_3::optimistic_read::Pair;

pub fn read(pair: &Pair) -> [u64; 2] {
    for _ in 0..8 {
        let before = pair.version.load(Acquire);
        let after = pair.version.load(Acquire);
        if before == after && before.is_multiple_of(2) {
            return [pair.words[0].load(Relaxed), pair.words[1].load(Relaxed)];
        }
    }
    let _guard = pair.lock.guard().expect("a semaphore");
    [pair.words[0].load(Relaxed), pair.words[1].load(Relaxed)]
}
