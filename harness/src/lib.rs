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
    StressReport, stress, stress_until,
};
pub use table::{Cell, TextTable, colour_on, per_cent, thousands};
pub use verdict::{Verdict, Waiter};

#[doc(hidden)]
pub use shared::describe_as;
