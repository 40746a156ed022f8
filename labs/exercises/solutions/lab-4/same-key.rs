//! The reader sees the key, and one word; then the whole replacement is made; then
//! the reader sees the other word, and the key, which has come back. That something
//! is as it was does not say that nothing has happened: a version says that.

pub const SCHEDULE: &str = "1*2,0*4,1*2";
