//! Runs scenarios on real processes, and says what happened.
//!
//! A [`Scenario`] is a few forked processes over one shared state, the
//! invariants that must hold when they have ended, and the outcomes to expect.
//! There are two ways to run one: *stress* runs it in parallel at full speed,
//! thousands of times; *simulation* runs it one access at a time under a
//! schedule that it chooses.
//!
//! # Stress
//!
//! A test of one's own, whole:
//!
//! ```standalone_crate
//! use shmkv_harness::{Scenario, StressError, StressOptions, stress};
//! use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
//!
//! fn main() -> Result<(), StressError> {
//!     let scenario = Scenario::<AtomicU64>::new("two increments", |count| count.store(40, Relaxed))
//!         .processes(2, "adder", |_, count| {
//!             count.fetch_add(1, Relaxed);
//!         })
//!         .invariant("both increments are kept", |end| match end.shared.load(Relaxed) {
//!             42 => Ok(()),
//!             found => Err(format!("found {found}")),
//!         });
//!     stress(&scenario, &StressOptions::default())?.assert_held();
//!     Ok(())
//! }
//! ```
//!
//! Processes are forked, and `fork` copies one thread only, so the test is a
//! program of one thread: `tests/increments.rs` with
//!
//! ```toml
//! [[test]]
//! name = "increments"
//! harness = false
//! ```
//!
//! Where an increment can get lost, the report says in which round, and how often:
//!
//! ```standalone_crate
//! # use shmkv_harness::{Grade, Scenario, StressError, StressOptions, stress};
//! # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
//! # fn main() -> Result<(), StressError> {
//! let scenario = Scenario::<AtomicU64>::new("a race", |_| {})
//!     .processes(2, "adder", |_, count| {
//!         let seen = count.load(Relaxed);
//!         std::thread::yield_now();
//!         count.store(seen + 1, Relaxed);
//!     })
//!     .outcome(|end| end.shared.load(Relaxed).to_string())
//!     .expect("2", Grade::Acceptable, "one after the other")
//!     .expect("1", Grade::Forbidden, "an increment is lost");
//!
//! let options = StressOptions { rounds: 1_000_000, ..StressOptions::default() };
//! let report = stress(&scenario, &options)?;
//! assert_eq!(report.verdict.to_string(), "violated: outcome: 1 (an increment is lost)");
//! assert_eq!(report.count("1"), 1, "it stops at the first");
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod futex;
mod memory;
mod panics;
mod process;
mod scenario;
mod shared;
mod shared_core;
pub mod sim;
mod stress;
mod table;
mod trap;
mod verdict;

pub use scenario::{
    Body, Check, End, Expected, Grade, Invariant, Process, ProcessEnd, Scenario, ToReport,
};
pub use shared::{Field, Kind, Shared, fields_of};
pub use stress::{
    EndCounts, Failure, InvariantRow, OutcomeRow, ProcessRow, StressError, StressOptions,
    StressReport, Violation, stress, stress_until,
};
pub use table::{Cell, TextTable, colour_on, per_cent, thousands};
pub use verdict::{Verdict, Waiter};

#[doc(hidden)]
pub use shared::describe_as;
