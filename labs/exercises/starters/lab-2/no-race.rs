//! Lab 2, break: is there a schedule in which something is lost?
//!
//! Goal: a schedule after which an amount or a change is missing; or `NONE`, if
//! you claim that there is no such schedule. A claim is put to the test: all
//! schedules are run.
//!
//! Given: process 0 adds 5, process 1 adds 7; `lock` begins at 1, `value` and
//! `changes` at 0:
//!
//!     pub fn add(sum: &Sum, amount: u32) {
//!         sum.lock.wait();
//!         let seen = sum.value.load(Relaxed);
//!         sum.value.store(seen + amount, Relaxed);
//!         sum.lock.post();
//!         sum.changes.fetch_add(1, Relaxed);
//!     }
//!
//! What must hold in the end: `value` is 12 and `changes` is 2.
//!
//! Check: cargo run --bin labs -- check no-race

pub const SCHEDULE: &str = "";
