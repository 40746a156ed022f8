//! Verdict: wrong result
//! The reader comes last.
pub const SCHEDULE: &str = "0*10,1*4";
