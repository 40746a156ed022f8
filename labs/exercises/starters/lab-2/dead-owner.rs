//! Lab 2, break: whom to kill, and when, so that another one waits for ever.
//!
//! Goal: a schedule after which a process waits for ever; or `NONE`, if you claim
//! that there is no such schedule.
//!
//! Given: processes 0 and 1 both do this; `lock` begins at 1:
//!
//!     pub fn add(counter: &Counter) {
//!         counter.lock.wait();
//!         let seen = counter.value.load(Relaxed);
//!         counter.value.store(seen + 1, Relaxed);
//!         counter.lock.post();
//!     }
//!
//! In a schedule, `0!` kills process 0 just before its next step: `1*3,0!`. To
//! see what a schedule does, and which steps `wait` and `post` consist of:
//!
//!     cargo run --bin labs -- replay dead-owner 0*3,1
//!
//! Check: cargo run --bin labs -- check dead-owner

pub const SCHEDULE: &str = "";
