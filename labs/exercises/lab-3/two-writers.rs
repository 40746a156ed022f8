//! Lab 3, break: a schedule in which the version deceives a reader.
//!
//! Goal: a schedule after which the reader has believed two words of different
//! writes; or `NONE`, if you claim that there is no such schedule.
//!
//! Given: all fields begin at 0. Processes 0 and 1 call `write`, one with word 1
//! and the other with word 2; process 2 calls `read`. There is no lock:
//!
//!     pub fn write(pair: &Pair, word: u64) {
//!         pair.version.fetch_add(1, Relaxed);
//!         pair.first.store(word, Relaxed);
//!         pair.second.store(word, Relaxed);
//!         pair.version.fetch_add(1, Relaxed);
//!     }
//!
//!     pub fn read(pair: &Pair) -> Option<[u64; 2]> {
//!         let before = pair.version.load(Relaxed);
//!         let words = [pair.first.load(Relaxed), pair.second.load(Relaxed)];
//!         let after = pair.version.load(Relaxed);
//!         (before == after && before.is_multiple_of(2)).then_some(words)
//!     }
//!
//! Each load, each store and each `fetch_add` is a step. `0*3,2` lets process 0
//! make three steps and process 2 one; where a schedule ends, whoever went last
//! goes on as long as it can, then the others. To see what a schedule does:
//!
//!     cargo run --bin labs -- replay two-writers 0*3,2
//!
//! Check: cargo run --bin labs -- check two-writers

pub const SCHEDULE: &str = "";
