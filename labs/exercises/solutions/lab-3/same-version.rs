//! Where the version is even, the words are whole. Where it is 1 both times, the
//! writer stands still somewhere between its two stores of the version, or moves
//! between them. `second` is loaded first and stored last: once it is 7, `first`
//! is 7 as well, so not "1: 0 7".

pub const OUTCOMES: &[&str] = &["0: 0 0", "1: 0 0", "1: 7 0", "1: 7 7", "2: 7 7", "again"];
