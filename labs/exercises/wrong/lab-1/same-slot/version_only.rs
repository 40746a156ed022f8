//! Verdict: wrong result
//! It breaks something else: an insert is not counted, but both keys are there.
pub const SCHEDULE: &str = "0*4,1*6,0";
