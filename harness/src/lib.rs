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
//!
//! # Simulation
//!
//! The same scenario, one access at a time: the shortest schedule that fails, as
//! a string that can be replayed, and its timeline.
//!
//! ```standalone_crate
//! # use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
//! use shmkv_harness::sim::{Search, SimError, explore, replay};
//! # use shmkv_harness::{Scenario, shared};
//!
//! shared! {
//!     struct Account { balance: AtomicU64 }
//! }
//!
//! fn main() -> Result<(), SimError> {
//!     let scenario = Scenario::new("two deposits", |account: &Account| {
//!         account.balance.store(10, Relaxed);
//!     })
//!     .processes(2, "teller", |_, account| {
//!         let seen = account.balance.load(Relaxed);
//!         account.balance.store(seen + 5, Relaxed);
//!     })
//!     .invariant("both deposits are kept", |end| match end.shared.balance.load(Relaxed) {
//!         20 => Ok(()),
//!         found => Err(format!("the balance is {found}")),
//!     });
//!
//!     let report = explore(&scenario, &Search::exhaustive(1))?;
//!     assert_eq!(
//!         report.to_string(),
//!         "all schedules with at most 1 preemption, in program order: 4 run, 2 failed"
//!     );
//!     let failure = report.failure.expect("a lost update");
//!     assert_eq!(failure.verdict.to_string(), "violated: both deposits are kept: the balance is 15");
//!
//!     let again = replay(&scenario, &failure.schedule)?;
//!     assert_eq!(again.timeline, failure.timeline);
//!     let rows = again.timeline.rows.iter();
//!     let told: Vec<_> = rows.map(|row| format!("{}: {}", row.process, row.words())).collect();
//!     assert_eq!(
//!         told,
//!         [
//!             "1: load balance = 10",
//!             "0: load balance = 10",
//!             "0: store balance 10 → 15",
//!             "1: store balance 15 → 15",
//!         ]
//!     );
//!     Ok(())
//! }
//! ```
#![warn(missing_docs)]
#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod futex;
mod judge;
#[allow(unsafe_code)]
mod memory;
mod panics;
#[allow(unsafe_code)]
mod process;
mod random;
mod scenario;
#[allow(unsafe_code)]
mod shared;
#[allow(unsafe_code)]
mod shared_core;
pub mod sim;
mod simulate;
mod stress;
mod table;
#[allow(unsafe_code)]
mod trap;
mod verdict;

pub use random::Random;
pub use scenario::{
    Body, Check, End, Expected, Grade, Invariant, Process, ProcessEnd, Scenario, ToReport,
};
pub use shared::{Field, Kind, Shared, describe_mutex, fields_of};
pub use stress::{
    EndCounts, Failure, InvariantRow, OutcomeRow, PAUSE_LENGTH, ProcessRow, StressError,
    StressOptions, StressReport, Violation, stress, stress_until,
};
pub use table::{COLUMNS, Cell, TextTable, colour_on, in_lines, per_cent, thousands};
pub use verdict::{Measured, Verdict, Waiter};

#[doc(hidden)]
pub use shared::describe_as;
