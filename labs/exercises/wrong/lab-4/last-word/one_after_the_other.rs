//! Verdict: wrong result
//! The value is complete.
pub const SCHEDULE: &str = "0*3,1*3";
