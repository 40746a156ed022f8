//! Runs scenarios on real processes, and says what happened.
//!
//! A [`Scenario`] is a few forked processes over one shared state, the
//! invariants that must hold when they have ended, and the outcomes to expect.
//! There are two ways to run one: *stress* runs it in parallel at full speed,
//! thousands of times; *simulation* runs it one access at a time under a
//! schedule that it chooses.
#![warn(missing_docs)]

#[allow(dead_code)]
mod memory;
mod scenario;
mod shared;
mod shared_core;
mod verdict;

pub use scenario::{
    Body, Check, End, Expected, Grade, Invariant, Process, ProcessEnd, Scenario, ToReport,
};
pub use shared::{Field, Kind, Shared, fields_of};
pub use verdict::{Verdict, Waiter};

#[doc(hidden)]
pub use shared::describe_as;
