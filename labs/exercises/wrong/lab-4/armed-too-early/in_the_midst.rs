//! Verdict: wrong result
//! By then what is kept is complete, and recovery goes back.
pub const SCHEDULE: &str = "0*6,0!";
