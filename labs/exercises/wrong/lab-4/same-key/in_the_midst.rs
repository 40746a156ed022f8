//! Verdict: wrong result
//! The key is hidden, and the reader knows.
pub const SCHEDULE: &str = "0*2,1*4";
