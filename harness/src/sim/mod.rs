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

mod access;
mod alu;
mod clock;
mod context;
mod control;
mod count;
mod coverage;
mod decide;
mod decode;
mod exhaustive;
mod filter;
mod futex;
mod graph;
mod machine;
mod minimise;
mod names;
mod own_signals;
mod record;
mod refusals;
mod replay;
mod robust;
mod runner;
mod sample;
mod schedule;
mod search;
mod signals;
mod step;
mod stepped;
mod strategy;
mod strings;
mod svg;
mod symbols;
mod sys;
mod syscalls;
mod timeline;
mod turn;
mod unwind;
mod vdso;
mod vectors;
mod verdicts;
mod world;
mod zygote;

use std::time::Duration;

pub use control::Policy;
pub use coverage::Coverage;
pub use graph::{Edge, ProcessState, StateGraph, StateNode, state_graph};
pub use record::{Op, Pending, Step};
pub use replay::{Replay, Simulate, replay};
pub use runner::{Execution, Order, Runner};
pub use schedule::{Schedule, ScheduleError};
pub use search::{Nondeterminism, OutcomeRow, SearchReport, explore, explore_with};
pub use strategy::{Reduction, Search, Strategy};
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
    /// The C library is not one that the simulator knows.
    #[error("simulation is not possible here: the thread descriptor of this C library is unknown")]
    UnknownLibc,
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
