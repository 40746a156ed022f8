//! Ann looks and then sets, in two operations; Bob can come in between, with one
//! change or with both. `put` looks and sets in one, so Bob never overwrites Ann; and
//! `compare_and_set` sees her change, so Bob has not paid for a seat that is hers.

pub const OUTCOMES: &[&str] = &["Ann 1", "Ann 2", "Ann 3", "Bob, paid 2"];
