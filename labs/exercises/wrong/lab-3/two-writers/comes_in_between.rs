//! Verdict: wrong result
//! The version changes while the reader copies.
pub const SCHEDULE: &str = "0,1*2,2*2,1*2,2*2";
