//! Verdict: wrong result
//! Nobody is left to wait.
pub const SCHEDULE: &str = "0*3,0!,1!";
