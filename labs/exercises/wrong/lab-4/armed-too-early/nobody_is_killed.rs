//! Verdict: wrong result
//! It is not interrupted, and so does what it is meant to do.
pub const SCHEDULE: &str = "0*8";
