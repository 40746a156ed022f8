//! Verdict: wrong result
//! Nothing has changed, and nothing is undone.
pub const SCHEDULE: &str = "0!";
