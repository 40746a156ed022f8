//! The reader loads `ended` first: all that was stored before it has that value
//! is there. It loads `begun` last: if that is the same, no later change had begun
//! when the words were loaded. In the other order it could be deceived.

pub const SCHEDULE: &str = "NONE";
