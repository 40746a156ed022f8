//! Verdict: wrong result
//! It has ended, and cannot be killed.
pub const SCHEDULE: &str = "0*8,0!";
