//! Verdict: wrong result
//! Both writers have ended.
pub const SCHEDULE: &str = "0*4,1*4,2*4";
