//! Verdict: wrong result
//! The other one waits for ever: something else than what is asked for.
pub const SCHEDULE: &str = "0*3,0!";
