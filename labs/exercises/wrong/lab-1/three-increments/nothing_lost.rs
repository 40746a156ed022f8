//! Verdict: wrong result
//! As if each increment were one step.
pub const OUTCOMES: &[&str] = &["6"];
