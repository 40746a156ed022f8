//! Verdict: wrong result
//! compare_and_set sees the change that Ann has made.
pub const OUTCOMES: &[&str] = &["Ann 1", "Ann 2", "Ann 3", "Bob, paid 2", "Bob, paid 3"];
