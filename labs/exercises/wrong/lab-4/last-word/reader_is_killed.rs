//! Verdict: wrong result
//! The dead see nothing.
pub const SCHEDULE: &str = "0*3,1*2,1!";
