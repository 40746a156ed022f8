//! The exercises: what is given, what must hold, and the checker that says
//! whether it does.
//!
//! A learner's file is a crate of its own that sees this one: the types of the
//! shared state are those of `lab_1` to `lab_4`. The [`catalogue`] lists the
//! exercises, and [`run`] is the main function of the program that checks one.
#![warn(missing_docs)]

mod answer;
pub mod catalogue;
mod check;
mod dice;
mod failure;
pub mod lab_1;
pub mod lab_2;
pub mod lab_3;
pub mod lab_4;
mod trial;

pub use answer::{Answer, Break, Predict, Wanted, Work};
pub use check::{AtTrial, Execution, Failed, Reply, Report, Request, Task, run};
pub use dice::Dice;
pub use failure::{Failure, NoFailure};
pub use trial::{Trial, TrialBuilder};
