//! Lab 4, break: deceive a reader that takes no lock, but looks at the key twice.
//!
//! Goal: a schedule after which the reader has believed words of two values; or
//! `NONE`, if you claim that there is no such schedule.
//!
//! Given: a slot with key 1 and value 7, 7. Process 0 replaces the value, as the
//! store does with a long one: it hides the key first. Process 1 calls `get`:
//!
//!     pub fn replace(slot: &Slot) {
//!         slot.key.store(0, Relaxed);
//!         slot.value[1].store(9, Relaxed);
//!         slot.value[0].store(9, Relaxed);
//!         slot.key.store(1, Relaxed);
//!     }
//!
//!     pub fn get(slot: &Slot) -> Option<[u64; 2]> {
//!         let before = slot.key.load(Relaxed);
//!         let words = [slot.value[0].load(Relaxed), slot.value[1].load(Relaxed)];
//!         let after = slot.key.load(Relaxed);
//!         (before == 1 && after == 1).then_some(words)
//!     }
//!
//! Each load and each store is a step. To see what a schedule does:
//!
//!     cargo run --bin labs -- replay same-key 0*2,1
//!
//! Check: cargo run --bin labs -- check same-key

pub const SCHEDULE: &str = "";
