//! Verdict: wrong result
//! An end is a value and a version.
pub const OUTCOMES: &[&str] = &["Ann", "Bob, paid"];
