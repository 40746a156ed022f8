//! Verdict: wrong result
//! A process that is killed adds nothing. Nobody is killed in this exercise.
pub const SCHEDULE: &str = "0!";
