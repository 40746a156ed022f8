//! Verdict: wrong result
//! The key has not come back when the reader looks again.
pub const SCHEDULE: &str = "1*2,0*3,1*2";
