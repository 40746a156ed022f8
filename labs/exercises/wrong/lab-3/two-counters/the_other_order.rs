//! Verdict: wrong result
//! It would deceive a reader that loads begun first.
pub const SCHEDULE: &str = "1,0*3,1*3";
