//! Verdict: wrong result
//! The last store is of 1 at least.
pub const OUTCOMES: &[&str] = &["0", "1", "2", "3"];
