//! Verdict: wrong result
//! A change has begun that has not ended, and the reader knows.
pub const SCHEDULE: &str = "0*3,1*4";
