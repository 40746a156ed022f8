//! Both writers add one: the version is 2, even, and two changes are under way.

pub const SCHEDULE: &str = "0,1*2,2*4";
