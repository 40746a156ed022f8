//! Lab 2, predict: what comes of a lock that was given back twice.
//!
//! Goal: every value that the counter can have when both processes have ended,
//! and no other, as texts: `&["3", "4"]`.
//!
//! Given: the counter begins at 0. `lock` should begin at 1; but somebody has
//! posted it twice, and so it begins at 2. One process calls `count(counter, 2)`,
//! the other one `count(counter, 1)`:
//!
//!     pub fn count(counter: &Counter, times: u32) {
//!         counter.lock.wait();
//!         for _ in 0..times {
//!             let seen = counter.value.load(Relaxed);
//!             counter.value.store(seen + 1, Relaxed);
//!         }
//!         counter.lock.post();
//!     }
//!
//! Check: cargo run --bin labs -- check posted-twice

pub const OUTCOMES: &[&str] = &[];
