//! Verdict: wrong result
//! 1 cannot happen.
pub const OUTCOMES: &[&str] = &["1", "2", "3", "4", "5", "6"];
