//! Verdict: torn value
//! After eight tries it takes what is there.

use std::sync::atomic::{
    Ordering::{Acquire, Relaxed},
    fence,
};

use shmkv_grader::lab_3::optimistic_read::Pair;

const TRIES: u32 = 8;

pub fn read(pair: &Pair) -> [u64; 2] {
    if let Some(words) = (0..TRIES).find_map(|_| read_if_settled(pair)) {
        return words;
    }
    copy(pair)
}

fn read_if_settled(pair: &Pair) -> Option<[u64; 2]> {
    let before = pair.version.load(Acquire);
    let words = copy(pair);
    fence(Acquire);
    let after = pair.version.load(Relaxed);
    (before == after && before.is_multiple_of(2)).then_some(words)
}

fn copy(pair: &Pair) -> [u64; 2] {
    [pair.words[0].load(Relaxed), pair.words[1].load(Relaxed)]
}
