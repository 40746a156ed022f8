//! Verdict: wrong result
//! The reader has not said what it believes. Nobody is killed in this exercise.
pub const SCHEDULE: &str = "1*2,0*4,1!";
