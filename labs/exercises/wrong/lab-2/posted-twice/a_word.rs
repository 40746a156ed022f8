//! Verdict: wrong result
//! Nobody waits: the lock lets both in.
pub const OUTCOMES: &[&str] = &["1", "2", "3", "deadlock"];
