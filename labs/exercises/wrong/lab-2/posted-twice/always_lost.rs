//! Verdict: wrong result
//! Nothing need be lost.
pub const OUTCOMES: &[&str] = &["1", "2"];
