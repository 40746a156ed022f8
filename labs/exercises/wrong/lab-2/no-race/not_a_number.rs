//! Verdict: wrong result
//! It cannot be read.
pub const SCHEDULE: &str = "0*x";
