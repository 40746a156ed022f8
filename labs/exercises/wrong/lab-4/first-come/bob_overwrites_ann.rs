//! Verdict: wrong result
//! put with Absent is refused where Ann sits.
pub const OUTCOMES: &[&str] = &["Ann 1", "Ann 2", "Ann 3", "Bob, paid 2", "Bob 2"];
