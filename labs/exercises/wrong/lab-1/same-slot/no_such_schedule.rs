//! Verdict: wrong result
//! The claim is refuted by running all schedules.
pub const SCHEDULE: &str = "NONE";
