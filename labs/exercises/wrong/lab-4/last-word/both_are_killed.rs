//! Verdict: wrong result
//! Where all are dead, nobody sees anything.
pub const SCHEDULE: &str = "0*2,0!,1!";
