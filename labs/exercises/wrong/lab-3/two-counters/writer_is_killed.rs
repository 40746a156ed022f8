//! Verdict: wrong result
//! The writer dies between its words. Nobody is killed in this exercise.
pub const SCHEDULE: &str = "0*3,0!";
