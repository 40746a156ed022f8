//! Verdict: wrong result
//! Its key is in no slot, and no other key is there in its place.
pub const SCHEDULE: &str = "0!";
