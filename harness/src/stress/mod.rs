//! Stress: a scenario in parallel, at full speed, many times.
//!
//! Idea: real processes race for real, so a bug that shows is a bug; how often
//! it shows says how much luck it takes. Chance is helped: all bodies start
//! together, or late by a little that the seed decides, and the seed decides
//! who is killed, and who stops for a moment where a scheduler would rarely
//! stop it.
//! Source: the litmus tests' idea of counting outcomes: Alglave, Maranget,
//! Sarkar and Sewell, "Litmus: Running Tests Against Hardware", TACAS 2011; and
//! of grading them: OpenJDK's jcstress.
//! Limits: what did not show is not proved absent. A body that means harm can
//! kill the harness; one that only goes wrong cannot. See `control`.

mod burial;
#[allow(unsafe_code, reason = "`shared!` implements an unsafe trait")]
mod control;
mod crew;
mod judge;
mod leaks;
mod plan;
mod progress;
mod report;
mod run;
mod show;
#[allow(unsafe_code, reason = "`shared!` implements an unsafe trait")]
mod slot;
#[allow(unsafe_code)]
mod strike;
mod worker;

use std::time::Duration;

use nix::errno::Errno;
use thiserror::Error;

pub use report::{
    EndCounts, Failure, InvariantRow, OutcomeRow, ProcessRow, StressReport, Violation,
};

use crate::{Scenario, Shared, process};
use control::MOST_PROCESSES;
pub use strike::PAUSE_LENGTH;

/// How to run a scenario under stress.
#[derive(Clone, Debug, PartialEq)]
pub struct StressOptions {
    /// How many rounds, at most. 10,000 by default.
    pub rounds: u64,
    /// Decides who starts late, who is killed and who pauses. 1 by default.
    pub seed: u64,
    /// How long one round may take. Then those that have not ended are killed,
    /// and the verdict is "timed out". 5 s by default.
    pub deadline: Duration,
    /// The share of rounds, from 0 to 1, in which one process is sent SIGKILL at
    /// a random moment; it may have ended by then. 0 by default.
    pub kill_rate: f64,
    /// The share of rounds, from 0 to 1, in which one process stops at a random
    /// moment for [`PAUSE_LENGTH`] at least, by a signal (SIGPROF), while the others
    /// go on.
    /// Finds what shows only when a process is preempted at a bad moment, on a
    /// single processor too. 0 by default.
    pub pause_rate: f64,
    /// Whether to stop at the first round that does not hold. True by default.
    pub stop_at_failure: bool,
    /// Whether to show a progress bar where a run takes over a second and
    /// standard error is a terminal. False by default.
    pub progress: bool,
}

impl Default for StressOptions {
    fn default() -> Self {
        Self {
            rounds: 10_000,
            seed: 1,
            deadline: Duration::from_secs(5),
            kill_rate: 0.0,
            pause_rate: 0.0,
            stop_at_failure: true,
            progress: false,
        }
    }
}

/// Why a scenario could not be run. What it did when it ran is a
/// [`Verdict`](crate::Verdict), never an error.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StressError {
    /// `fork` copies one thread: another's locks would stay locked in the workers.
    #[error(
        "stress forks, so it needs a process with one thread; this one has {count} \
         (a #[test] runs in a thread of its own: use `harness = false`)"
    )]
    Threads {
        /// How many threads this process has.
        count: usize,
    },
    /// The scenario has none, or too many.
    #[error("scenario {scenario} has {found} processes; stress runs 1 to {most}")]
    Processes {
        /// The scenario's name.
        scenario: String,
        /// How many processes it has.
        found: usize,
        /// How many it may have.
        most: usize,
    },
    /// No rounds were asked for, and a verdict on nothing says nothing.
    #[error("0 rounds were asked for; at least 1 is needed")]
    NoRounds,
    /// Not a share.
    #[error("the {what} rate is {found}; it must lie between 0 and 1")]
    Rate {
        /// "kill" or "pause".
        what: &'static str,
        /// What was asked for.
        found: f64,
    },
    /// The scenario's setup panicked.
    #[error("the setup of scenario {scenario} panicked: {message}")]
    Setup {
        /// The scenario's name.
        scenario: String,
        /// The panic's message and place.
        message: String,
    },
    /// A process could not be made ready for its body.
    #[error("a process could not be made ready: {why}")]
    Worker {
        /// What failed in it.
        why: String,
    },
    /// A process is stuck inside the kernel.
    #[error("process {pid} had not died {} s after SIGKILL", waited.as_secs())]
    Unkillable {
        /// The process. It may still be there.
        pid: i32,
        /// How long the harness waited.
        waited: Duration,
    },
    /// A system call failed. All processes of the run are gone.
    #[error("{call}: {source}")]
    Os {
        /// The call.
        call: &'static str,
        /// What it said.
        source: Errno,
    },
}

impl StressError {
    fn os(call: &'static str) -> impl Fn(Errno) -> Self {
        move |source| Self::Os { call, source }
    }
}

/// Runs `scenario` in up to [`rounds`](StressOptions::rounds) rounds.
///
/// The calling process must have one thread. While this runs, it adopts the
/// orphans among its descendants, and its action on SIGCHLD is the default one.
/// Setup, invariants and the wording of outcomes run in it; bodies and the
/// recovery run in forked workers.
///
/// A worker does its body in many rounds, so what the body keeps outside the
/// shared state (a static, an open file, a thread) is there in the next one.
/// Files that it creates under `/dev/shm` are watched by means of SIGSYS, which
/// it must not block, and executed programs gain no privileges from it. What it
/// prints is printed; it has a process group of its own; it dies with the caller.
///
/// # Errors
/// See [`StressError`]. No process of the run is left behind.
pub fn stress<T: Shared>(
    scenario: &Scenario<T>,
    options: &StressOptions,
) -> Result<StressReport, StressError> {
    stress_until(scenario, options, |_| false)
}

/// Like [`stress`], and stops early once `enough` says so of the report so far.
///
/// It is asked every 256 rounds, and in slow runs every 0.1 s.
///
/// # Errors
/// As [`stress`].
pub fn stress_until<T: Shared>(
    scenario: &Scenario<T>,
    options: &StressOptions,
    enough: impl FnMut(&StressReport) -> bool,
) -> Result<StressReport, StressError> {
    check(scenario, options)?;
    run::Run::new(scenario, options)?.all_rounds(enough)
}

fn check<T: Shared>(scenario: &Scenario<T>, options: &StressOptions) -> Result<(), StressError> {
    let found = scenario.processes.len();
    if !(1..=MOST_PROCESSES).contains(&found) {
        let scenario = scenario.name.clone();
        return Err(StressError::Processes { scenario, found, most: MOST_PROCESSES });
    }
    if options.rounds == 0 {
        return Err(StressError::NoRounds);
    }
    for (what, found) in [("kill", options.kill_rate), ("pause", options.pause_rate)] {
        if !(0.0..=1.0).contains(&found) {
            return Err(StressError::Rate { what, found });
        }
    }
    match process::threads() {
        Some(count) if count > 1 => Err(StressError::Threads { count }),
        _ => Ok(()),
    }
}
