//! Simulation: runs a scenario one step at a time, under schedules that it chooses.
//!
//! Idea: the shared state is mapped twice, and the mapping that the code under
//! test uses is protected, so that each access raises SIGSEGV. The handler is a
//! step: it decides who goes next, hands over the turn, and carries the access
//! out on the other mapping. System calls that wait, wake, sleep or tell the
//! time are stopped by a seccomp filter and answered from inside. The code under
//! test is unmodified, and so are libc's semaphores and mutexes.
//! Limits: memory accesses take effect in program order, one at a time: what the
//! processor's store buffers do beyond that is not explored. x86-64 Linux with glibc;
//! one thread a process; see the module of each
//! part for what it does not emulate, and is refused by name.
//!
//! # What becomes of a process that …
//!
//! | … | |
//! |---|---|
//! | returns from its body | ends; what it returned is in [`ProcessEnd::Returned`] |
//! | panics | [`Verdict::Panicked`], with message and place, unless it catches it |
//! | calls `exit` or `_exit` | [`Verdict::Crashed`], with the status |
//! | aborts, divides by zero, runs out of stack, jumps to nowhere | [`Verdict::Crashed`], with signal and line |
//! | touches memory that is not its own, or beyond the shared state | the same: its own crash, never the harness's |
//! | is killed, by itself or from outside | [`Verdict::Crashed`], with `SIGKILL` |
//! | ends while it owns robust mutexes | these are marked, and the next owner is told, as by the kernel |
//! | waits for what nobody gives | [`Verdict::Deadlock`], with who waits for what |
//! | polls for what others have to do | lets them go first, and can be chosen to poll on: [`Search::spin_turns`] |
//! | repeats its steps for ever, as all others that are left do | [`Verdict::Livelock`]: as soon as its registers and private memory repeat; where they do not, after [`Search::step_limit`] steps |
//! | makes new steps for longer than that | [`Verdict::OutOfSteps`] |
//! | computes for ever, and makes no step | [`Verdict::TimedOut`], after [`Search::hang_after`] of its own processor time |
//! | waits in the kernel, where the simulator does not see it | the same, after that time asleep |
//! | is not given the processor | [`SimError::Starved`] |
//! | leaves a segment in `/dev/shm` | [`Verdict::Leaked`]; the segment is removed |
//! | forks, starts a thread, or executes a program | [`SimError::Refused`], which names the call |
//! | maps shared memory of its own, or remaps the shared state | the same |
//! | passes shared bytes to `read`, `write` and their kin | the same |
//! | sends a signal to another process, or looks at one | the same |
//! | waits for a file lock, message queue, timer or signal | the same |
//! | sends itself a signal, handles or blocks one | as under the kernel, but for SIGSEGV, SIGTRAP and SIGSYS |
//! | maps or allocates private memory | as under the kernel |
//! | sleeps | the virtual clock passes |
//! | asks for the time | is shown the virtual clock, which each of its looks moves on by a microsecond for it alone |
//! | prints | nothing is shown: bodies run thousands of times |
//! | asks for its ID, or random bytes | gets made-up ones, the same in each execution |
//! | reads and writes files | as under the kernel: they are not put back between executions, and what processes tell each other by them the simulator does not see |
//! | is told something else when an execution is repeated | [`SearchReport::nondeterminism`], and no claim to be complete |
//!
//! The order in which a `HashMap` iterates repeats within one run of a program; in
//! another run it can differ, if the program itself has made a `HashMap` before.
//!
//! [`ProcessEnd::Returned`]: crate::ProcessEnd::Returned
//! [`Verdict::Panicked`]: crate::Verdict::Panicked
//! [`Verdict::Crashed`]: crate::Verdict::Crashed
//! [`Verdict::Deadlock`]: crate::Verdict::Deadlock
//! [`Verdict::Livelock`]: crate::Verdict::Livelock
//! [`Verdict::OutOfSteps`]: crate::Verdict::OutOfSteps
//! [`Verdict::TimedOut`]: crate::Verdict::TimedOut
//! [`Verdict::Leaked`]: crate::Verdict::Leaked

mod columns;
mod cost;
mod count;
mod coverage;
mod drawing;
#[cfg(not(target_arch = "x86_64"))]
mod elsewhere;
mod exhaustive;
mod fold;
mod graph;
mod limits;
mod livelock;
mod machine;
mod minimise;
mod names;
mod order;
mod policy;
mod processes;
mod record;
mod replay;
mod report;
mod sample;
mod schedule;
mod search;
mod semaphores;
mod strategy;
mod support;
mod svg;
#[allow(unsafe_code)]
mod symbols;
mod tally;
mod timeline;
#[cfg(target_arch = "x86_64")]
mod turns;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
mod x86_64;

use std::time::Duration;

pub use crate::simulate::Simulate;
pub use coverage::Coverage;
#[cfg(not(target_arch = "x86_64"))]
pub use elsewhere::Runner;
pub use graph::{Edge, ProcessState, StateGraph, StateNode, state_graph};
pub use order::{Execution, Order};
pub use policy::Policy;
pub use processes::ProcessSet;
pub use record::{Op, Pending, Step};
pub use replay::{Replay, replay};
pub use report::{Nondeterminism, OutcomeRow, SearchReport};
pub use schedule::{Schedule, ScheduleError};
pub use search::{explore, explore_with};
pub use strategy::{Reduction, Search, Strategy};
pub use support::supported;
pub use svg::escape;
pub use symbols::Place;
pub use timeline::{Row, Timeline};
#[cfg(target_arch = "x86_64")]
pub use x86_64::Runner;

/// After how long without a step a process is taken to hang: in processor time of
/// its own, or asleep in the kernel.
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
    #[error(
        "simulation forks, so it needs a process with one thread; this one has {threads} \
         (a #[test] runs in a thread of its own: use `harness = false`)"
    )]
    Threads {
        /// How many there are.
        threads: usize,
    },
    /// A search asks for what there is not.
    #[error("the search cannot be run: {why}")]
    BadSearch {
        /// What it asks for, and what there is.
        why: String,
    },
    /// The scenario's setup panicked.
    #[error("the setup of scenario {scenario} panicked: {message}")]
    Setup {
        /// The scenario's name.
        scenario: String,
        /// The panic's message and place.
        message: String,
    },
    /// A process did what the simulator does not emulate.
    #[error("{process}: {what}")]
    Refused {
        /// The process.
        process: String,
        /// What it did.
        what: String,
    },
    /// A process was neither running nor asleep for so long that nothing can be said.
    #[error(
        "could not check: {process} made no step in {after_ms} ms of real time, and was given \
         {used_ms} ms of processor time; the machine is too busy, or has stopped it"
    )]
    Starved {
        /// The process.
        process: String,
        /// How long the harness waited, in milliseconds.
        after_ms: u64,
        /// How much processor time it used meanwhile, in milliseconds.
        used_ms: u64,
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
