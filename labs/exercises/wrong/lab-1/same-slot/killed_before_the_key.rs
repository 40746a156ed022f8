//! Verdict: wrong result
//! It has found a slot, and dies.
pub const SCHEDULE: &str = "0*2,0!";
