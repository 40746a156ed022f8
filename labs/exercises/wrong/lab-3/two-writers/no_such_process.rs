//! Verdict: wrong result
//! There are three processes: 0, 1 and 2.
pub const SCHEDULE: &str = "0,1*2,3*4";
