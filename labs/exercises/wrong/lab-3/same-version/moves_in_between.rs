//! Verdict: wrong result
//! A writer that stands still can stand before its first store.
pub const OUTCOMES: &[&str] = &["0: 0 0", "1: 7 0", "1: 7 7", "2: 7 7", "again"];
