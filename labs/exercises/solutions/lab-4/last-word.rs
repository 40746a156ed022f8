//! The key comes last, in one store: before it there is no key, and after it the
//! value is complete. A reader loads the key first, so whatever it finds behind the
//! key was there before.

pub const SCHEDULE: &str = "NONE";
