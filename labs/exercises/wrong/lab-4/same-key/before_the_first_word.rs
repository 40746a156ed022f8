//! Verdict: wrong result
//! By then both words are new.
pub const SCHEDULE: &str = "1,0*4,1*3";
