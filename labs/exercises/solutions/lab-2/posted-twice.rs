//! A lock that is at 2 lets two processes in. Nothing need be lost: 3. The one
//! that counts to one can be lost, or one step of the other's: 2. And both steps
//! of the other's, where the first loads 0 and stores 1 after all: 1.

pub const OUTCOMES: &[&str] = &["1", "2", "3"];
