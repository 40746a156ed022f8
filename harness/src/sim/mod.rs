//! Simulation: runs a scenario one step at a time, under schedules that it chooses.
//!
//! Idea: the shared state is mapped twice, and the mapping that the code under
//! test uses is protected, so that each access raises SIGSEGV. The handler is a
//! step: it decides who goes next, hands over the turn, and carries the access
//! out on the other mapping. System calls that wait, wake, sleep or tell the
//! time are stopped by a seccomp filter and answered from inside. The code under
//! test is unmodified, and so are libc's semaphores and mutexes.
//! Limits: x86-64 Linux with glibc; one thread a process; see the module of each
//! part for what it does not emulate, and is refused by name.

#[cfg(target_arch = "x86_64")]
mod access;
#[cfg(target_arch = "x86_64")]
mod alu;
#[cfg(target_arch = "x86_64")]
mod clock;
#[cfg(target_arch = "x86_64")]
mod context;
#[cfg(target_arch = "x86_64")]
mod control;
mod cost;
mod count;
mod coverage;
#[cfg(target_arch = "x86_64")]
mod decide;
#[cfg(target_arch = "x86_64")]
mod decode;
mod exhaustive;
#[cfg(target_arch = "x86_64")]
mod filter;
#[cfg(target_arch = "x86_64")]
mod futex;
mod graph;
mod machine;
mod minimise;
mod names;
mod order;
#[cfg(target_arch = "x86_64")]
mod own_signals;
mod record;
#[cfg(target_arch = "x86_64")]
mod refusals;
mod replay;
#[cfg(target_arch = "x86_64")]
mod robust;
#[cfg_attr(not(target_arch = "x86_64"), path = "elsewhere.rs")]
mod runner;
mod sample;
mod schedule;
mod search;
#[cfg(target_arch = "x86_64")]
mod signals;
#[cfg(target_arch = "x86_64")]
mod step;
#[cfg(target_arch = "x86_64")]
mod stepped;
mod strategy;
#[cfg(target_arch = "x86_64")]
mod strings;
mod support;
mod svg;
mod symbols;
#[cfg(target_arch = "x86_64")]
mod sys;
#[cfg(target_arch = "x86_64")]
mod syscalls;
mod timeline;
#[cfg(target_arch = "x86_64")]
mod turn;
#[cfg(target_arch = "x86_64")]
mod unwind;
#[cfg(target_arch = "x86_64")]
mod vdso;
#[cfg(target_arch = "x86_64")]
mod vectors;
#[cfg(target_arch = "x86_64")]
mod verdicts;
#[cfg(target_arch = "x86_64")]
mod world;
#[cfg(target_arch = "x86_64")]
mod zygote;

use std::time::Duration;

pub use coverage::Coverage;
pub use graph::{Edge, ProcessState, StateGraph, StateNode, state_graph};
pub use order::{Execution, Order, Policy};
pub use record::{Op, Pending, Step};
pub use replay::{Replay, Simulate, replay};
pub use runner::Runner;
pub use schedule::{Schedule, ScheduleError};
pub use search::{Nondeterminism, OutcomeRow, SearchReport, explore, explore_with};
pub use strategy::{Reduction, Search, Strategy};
pub use support::supported;
pub use symbols::Place;
pub use timeline::{Row, Timeline};

/// After how long without a step, in real time, a process is taken to hang.
const HANG: Duration = Duration::from_secs(5);

/// Why a simulation could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SimError {
    /// This machine cannot run simulations.
    #[error("simulation is not possible here: {why}")]
    Unsupported {
        /// Why not.
        why: String,
    },
    /// A mapping crosses a multiple of 4 GiB; another try will not.
    #[error("the shared state was mapped across a multiple of 4 GiB; try again")]
    Placement,
    /// Too few processes, or too many.
    #[error("the scenario has {found} processes; simulation takes 1 to {limit}")]
    ProcessCount {
        /// How many there are.
        found: usize,
        /// How many there can be.
        limit: usize,
    },
    /// fork(2) copies one thread only.
    #[error("simulation forks, so the program must have one thread; it has {threads}")]
    Threads {
        /// How many there are.
        threads: usize,
    },
    /// A process did what the simulator does not emulate.
    #[error("{process}: {what}")]
    Refused {
        /// The process.
        process: String,
        /// What it did.
        what: String,
    },
    /// A schedule does not fit the scenario.
    #[error("step {step} of the schedule cannot be made: {why}")]
    CannotFollow {
        /// Which choice, from 1.
        step: usize,
        /// Why not.
        why: String,
    },
    /// The process from which executions are forked is gone.
    #[error("the simulator's helper process was killed")]
    Lost,
    /// A system call failed.
    #[error("a system call failed: {0}")]
    Os(#[from] nix::errno::Errno),
}

/// Mixes the bits of a number: the finaliser of SplitMix64.
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}
