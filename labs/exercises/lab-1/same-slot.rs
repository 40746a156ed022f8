//! Lab 1, break: a schedule that puts two keys into one slot.
//!
//! Goal: a schedule after which one of the two keys is gone; or `NONE`, if you
//! claim that there is no such schedule.
//!
//! Given: process 0 inserts key 1, process 1 inserts key 2, into a table of two
//! free slots, with this:
//!
//!     pub fn insert(table: &Table, key: u64, value: u64) {
//!         for slot in &table.slots {
//!             if slot.key.load(Relaxed) == 0 {
//!                 slot.value.store(value, Relaxed);
//!                 slot.key.store(key, Relaxed);
//!                 break;
//!             }
//!         }
//!         let version = table.version.load(Relaxed);
//!         table.version.store(version + 1, Relaxed);
//!     }
//!
//! Each load and each store is a step. `0*3,1` lets process 0 make three steps
//! and process 1 one; where a schedule ends, whoever went last goes on as long
//! as it can, then the other. To see what a schedule does:
//!
//!     cargo run --bin labs -- replay same-slot 0*3,1
//!
//! Check: cargo run --bin labs -- check same-slot

pub const SCHEDULE: &str = "";
