//! Verdict: wrong result
//! A word that is stored last cannot be there alone.
pub const OUTCOMES: &[&str] =
    &["0: 0 0", "1: 0 0", "1: 0 7", "1: 7 0", "1: 7 7", "2: 7 7", "again"];
