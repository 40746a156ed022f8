//! Verdict: wrong result
//! Ann can come between the two changes of Bob.
pub const OUTCOMES: &[&str] = &["Ann 1", "Ann 3", "Bob, paid 2"];
