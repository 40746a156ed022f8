//! Verdict: wrong result
//! The same after the first is through.
pub const SCHEDULE: &str = "0*5,1!";
