//! Lab 3, break: can two counters, in place of one version, deceive a reader?
//!
//! Goal: a schedule after which the reader has believed two words of different
//! writes; or `NONE`, if you claim that there is no such schedule. A claim is put
//! to the test: all schedules are run.
//!
//! Given: all fields begin at 0. Process 0 calls `write` with word 1 and then
//! with word 2; process 1 calls `read`, once. There is no other writer:
//!
//!     pub fn write(pair: &Pair, word: u64) {
//!         let change = pair.begun.load(Relaxed) + 1;
//!         pair.begun.store(change, Relaxed);
//!         pair.first.store(word, Relaxed);
//!         pair.second.store(word, Relaxed);
//!         pair.ended.store(change, Relaxed);
//!     }
//!
//!     pub fn read(pair: &Pair) -> Option<[u64; 2]> {
//!         let ended = pair.ended.load(Relaxed);
//!         let words = [pair.first.load(Relaxed), pair.second.load(Relaxed)];
//!         let begun = pair.begun.load(Relaxed);
//!         (begun == ended).then_some(words)
//!     }
//!
//! To see what a schedule does:
//!
//!     cargo run --bin labs -- replay two-counters 0*3,1
//!
//! Check: cargo run --bin labs -- check two-counters

pub const SCHEDULE: &str = "";
