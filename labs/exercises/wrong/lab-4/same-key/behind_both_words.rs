//! Verdict: wrong result
//! By then the reader has both words, and both are old.
pub const SCHEDULE: &str = "1*3,0*4,1";
