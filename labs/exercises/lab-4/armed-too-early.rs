//! Lab 4, break: a kill after which recovery does harm.
//!
//! Goal: a schedule after which the value is neither the old one nor the new one;
//! or `NONE`, if you claim that there is no such schedule.
//!
//! Given: process 0 replaces the value 2, 2 by 3, 3. Before that, 1, 1 was replaced
//! by 2, 2 in the same way. If process 0 is killed, another one calls `recover`:
//!
//!     pub fn replace(record: &Record, word: u64) {
//!         record.armed.store(1, Relaxed);
//!         for (kept, value) in record.kept.iter().zip(&record.value) {
//!             kept.store(value.load(Relaxed), Relaxed);
//!         }
//!         record.value.iter().for_each(|value| value.store(word, Relaxed));
//!         record.armed.store(0, Relaxed);
//!     }
//!
//!     pub fn recover(record: &Record) {
//!         if record.armed.load(Relaxed) == 1 {
//!             for (kept, value) in record.kept.iter().zip(&record.value) {
//!                 value.store(kept.load(Relaxed), Relaxed);
//!             }
//!             record.armed.store(0, Relaxed);
//!         }
//!     }
//!
//! Each load and each store is a step. In a schedule, `0!` kills process 0 just
//! before its next step: `0*7,0!` kills it after seven. To see what a schedule does:
//!
//!     cargo run --bin labs -- replay armed-too-early 0*7,0!
//!
//! Check: cargo run --bin labs -- check armed-too-early

pub const SCHEDULE: &str = "";
