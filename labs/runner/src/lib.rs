//! The runner of the exercises: compiles a learner's file, has it checked by a
//! program of its own, and says what was found.
#![warn(missing_docs)]
#![forbid(unsafe_code)]

pub mod app;
mod bounded;
pub mod checker;
pub mod cli;
pub mod commands;
pub mod compile;
pub mod confined;
mod diagnostics;
pub mod explain;
pub mod grade;
pub mod grading;
pub mod mutants;
pub mod places;
mod plain;
mod processor;
pub mod progress;
pub mod prose;
pub mod reports;
pub mod screen;
pub mod show;
mod waiting;
pub mod watch;
mod workshop;
