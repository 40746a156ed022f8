//! Verdict: wrong result
//! It has given the semaphore back, and has ended.
pub const SCHEDULE: &str = "0*7,0!";
