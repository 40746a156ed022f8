//! 6 if nothing is lost. 2 if one process loads 0, the other counts to two,
//! the first stores 1, the other loads that, the first goes on to the end, and
//! the other stores 2. Not 1: for its last store to be 1, a process would have
//! to load 0 after it has stored at least 1 itself.

pub const OUTCOMES: &[&str] = &["2", "3", "4", "5", "6"];
