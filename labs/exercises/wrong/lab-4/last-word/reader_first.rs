//! Verdict: wrong result
//! The reader has looked at the key before it was there.
pub const SCHEDULE: &str = "1,0*3";
