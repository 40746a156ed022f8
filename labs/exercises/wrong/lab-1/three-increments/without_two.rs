//! Verdict: wrong result
//! The one that few expect is missing.
pub const OUTCOMES: &[&str] = &["3", "4", "5", "6"];
