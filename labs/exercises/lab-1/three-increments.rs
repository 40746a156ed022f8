//! Lab 1, predict: all values that an unprotected counter can end with.
//!
//! Goal: every value that the counter can have when both processes have ended,
//! and no other, as texts: `&["6", "5"]`. Think before you check: there is one
//! that few people expect.
//!
//! Given: the counter begins at 0, and two processes do this:
//!
//!     pub fn count_to_three(counter: &Counter) {
//!         for _ in 0..3 {
//!             let seen = counter.value.load(Relaxed);
//!             counter.value.store(seen + 1, Relaxed);
//!         }
//!     }
//!
//! Each load and each store is a step, and any process can make the next one.
//!
//! Check: cargo run --bin labs -- check three-increments

pub const OUTCOMES: &[&str] = &[];
