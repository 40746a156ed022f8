//! Process 0 has taken the semaphore and dies before it gives it back. Nobody
//! else can give it back, and nobody is told.

pub const SCHEDULE: &str = "0*3,0!";
