//! Verdict: wrong result
//! As if the lock were at 1.
pub const OUTCOMES: &[&str] = &["3"];
