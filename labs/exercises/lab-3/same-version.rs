//! Lab 3, predict: all that a reader can return whose version is the same twice.
//!
//! Goal: every text that `read` can return, and no other, such as
//! `&["0: 0 0", "again"]`.
//!
//! Given: all fields begin at 0; one process calls `write`, the other `read`:
//!
//!     pub fn write(pair: &Pair) {
//!         pair.version.store(1, Relaxed);
//!         pair.first.store(7, Relaxed);
//!         pair.second.store(7, Relaxed);
//!         pair.version.store(2, Relaxed);
//!     }
//!
//!     pub fn read(pair: &Pair) -> String {
//!         let before = pair.version.load(Relaxed);
//!         let second = pair.second.load(Relaxed);
//!         let first = pair.first.load(Relaxed);
//!         let after = pair.version.load(Relaxed);
//!         if before == after { format!("{before}: {first} {second}") } else { "again".into() }
//!     }
//!
//! Mind the order in which the reader loads the words. Each load and each store
//! is a step, and any process can make the next one.
//!
//! Check: cargo run --bin labs -- check same-version

pub const OUTCOMES: &[&str] = &[];
