//! Killed as soon as the record is armed: what is kept then is still the value of
//! the time before. First keep, then arm.

pub const SCHEDULE: &str = "0,0!";
