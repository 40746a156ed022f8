//! Verdict: wrong result
//! Two changes are under way, and one of the writers dies. Nobody is killed in this exercise.
pub const SCHEDULE: &str = "0,1*2,0!,2*4";
