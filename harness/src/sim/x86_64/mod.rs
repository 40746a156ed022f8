//! Executions: the part of the simulator that knows the processor, the kernel's
//! calls and the C library.
//!
//! Idea: a zygote forks the processes of each execution; their signal handlers
//! make the steps and hand over the turn; the runner reads the log and judges.
//! The search and what shows its results know none of it: they give an
//! [`Order`](super::Order), and get an [`Execution`](super::Execution).

mod calls;
mod context;
mod crash;
mod fingerprint;
mod instructions;
mod private_memory;
mod registers;
mod runner;
mod signals;
mod step;
mod sys;
mod turn;
mod unwind;
mod verdicts;
mod watch;
mod world;
mod zygote;

pub use runner::Runner;
