//! Verdict: wrong result
//! Ann looks, and then sets: Bob can come in between.
pub const OUTCOMES: &[&str] = &["Ann 1", "Bob, paid 2"];
