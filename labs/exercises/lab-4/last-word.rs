//! Lab 4, break: can a kill leave a key with half a value?
//!
//! Goal: a schedule after which there is a key with half a value, or the reader has
//! seen one; or `NONE`, if you claim that there is no such schedule. A claim is put
//! to the test: all schedules are run, with a kill at each step of each.
//!
//! Given: a slot that is free, all its fields at 0, and no lock. Process 0 calls
//! `insert`, process 1 calls `get`:
//!
//!     pub fn insert(slot: &Slot) {
//!         slot.value[1].store(7, Relaxed);
//!         slot.value[0].store(7, Relaxed);
//!         slot.key.store(1, Relaxed);
//!     }
//!
//!     pub fn get(slot: &Slot) -> Option<[u64; 2]> {
//!         let found = slot.key.load(Relaxed);
//!         (found == 1).then(|| [slot.value[0].load(Relaxed), slot.value[1].load(Relaxed)])
//!     }
//!
//! Each load and each store is a step, and they take effect in this order. In a
//! schedule, `0!` kills process 0 just before its next step. To see what one does:
//!
//!     cargo run --bin labs -- replay last-word 0,0!,1
//!
//! Check: cargo run --bin labs -- check last-word

pub const SCHEDULE: &str = "";
