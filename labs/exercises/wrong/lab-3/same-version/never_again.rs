//! Verdict: wrong result
//! The version can change in between.
pub const OUTCOMES: &[&str] = &["0: 0 0", "1: 0 0", "1: 7 0", "1: 7 7", "2: 7 7"];
