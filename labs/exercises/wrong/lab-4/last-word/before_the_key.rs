//! Verdict: wrong result
//! There is no key yet, and the reader sees none.
pub const SCHEDULE: &str = "0*2,0!,1";
