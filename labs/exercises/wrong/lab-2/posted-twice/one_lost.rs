//! Verdict: wrong result
//! The one that few expect is missing.
pub const OUTCOMES: &[&str] = &["2", "3"];
