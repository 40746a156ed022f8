//! Verdict: wrong result
//! It has not taken the semaphore yet.
pub const SCHEDULE: &str = "0!";
