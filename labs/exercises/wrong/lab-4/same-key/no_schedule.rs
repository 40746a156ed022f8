//! Verdict: wrong result
//! The claim is refuted.
pub const SCHEDULE: &str = "NONE";
