//! Verdict: wrong result
//! Process 0 has inserted its key before process 1 looks.
pub const SCHEDULE: &str = "0*5,1*5";
