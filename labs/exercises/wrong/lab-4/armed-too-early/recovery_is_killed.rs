//! Verdict: wrong result
//! Killed where recovery does no harm; then the recovery is killed halfway. One
//! kill is asked for.
pub const SCHEDULE: &str = "0*5,0!,1*3,1!";
