//! Verdict: wrong result
//! The second change begins while the reader copies, and the reader knows.
pub const SCHEDULE: &str = "0*5,1*2,0*3,1*2";
