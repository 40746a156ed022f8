//! Executions: the part of the simulator that knows the processor, the kernel's
//! calls and the C library.
//!
//! Idea: a zygote forks the processes of each execution; their signal handlers
//! make the steps and hand over the turn; the runner reads the log and judges.
//! The search and what shows its results know none of it: they give an
//! [`Order`](super::Order), and get an [`Execution`](super::Execution).

mod access;
mod alu;
mod clock;
mod context;
mod control;
mod decide;
mod decode;
mod filter;
mod fingerprint;
mod futex;
mod own_signals;
mod refusals;
mod robust;
mod runner;
mod signals;
mod spin;
mod step;
mod stepped;
mod strings;
mod sys;
mod syscalls;
mod turn;
mod unwind;
mod vdso;
mod vectors;
mod verdicts;
mod watch;
mod world;
mod zygote;

pub use runner::Runner;

use super::{SimError, livelock, mix, names, order, record, symbols};
