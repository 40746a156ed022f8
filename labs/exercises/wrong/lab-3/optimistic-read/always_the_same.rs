//! Verdict: wrong result
//! It returns what the example in the book has.

use shmkv_grader::lab_3::optimistic_read::Pair;

pub fn read(_: &Pair) -> [u64; 2] {
    [7, 7]
}
