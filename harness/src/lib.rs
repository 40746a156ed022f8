//! Runs scenarios on real processes, and says what happened.
//!
//! A [`Scenario`] is a few forked processes over one shared state, the
//! invariants that must hold when they have ended, and the outcomes to expect.
//! There are two ways to run one: *stress* runs it in parallel at full speed,
//! thousands of times; *simulation* runs it one access at a time under a
//! schedule that it chooses.
#![warn(missing_docs)]

mod futex;
mod memory;
mod panics;
mod process;
mod scenario;
mod shared;
mod shared_core;
mod stress;
mod table;
mod trap;
pub mod sim;
mod verdict;

pub use scenario::{
    Body, Check, End, Expected, Grade, Invariant, Process, ProcessEnd, Scenario, ToReport,
};
pub use shared::{Field, Kind, Shared, fields_of};
pub use stress::{
    EndCounts, Failure, InvariantRow, OutcomeRow, ProcessRow, StressError, StressOptions,
    StressReport, stress, stress_until,
};
pub use table::{Cell, TextTable, colour_on, per_cent, thousands};
pub use verdict::{Verdict, Waiter};

#[doc(hidden)]
pub use shared::describe_as;

/// How many threads this program has, where it is not one.
pub(crate) fn single_threaded() -> Result<(), usize> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads == 1 { Ok(()) } else { Err(threads) }
}
