//! Verdict: wrong result
//! It cannot be read.
pub const SCHEDULE: &str = "first 0, then 1";
