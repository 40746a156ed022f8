//! What the runner asks of a checker, and what it is told: one line of JSON each.

use serde::{Deserialize, Serialize};

use crate::Failure;

/// What a checker is to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Which of the answers that were built into it.
    pub variant: String,
    /// Decides the hidden inputs.
    pub seed: u64,
    /// What to do with it.
    pub task: Task,
}

/// What to do with an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "kebab-case")]
pub enum Task {
    /// Grade it.
    Check {
        /// How long to run under stress, all trials together, in milliseconds.
        stress_ms: u64,
        /// The most rounds of stress of each trial.
        rounds: u64,
        /// The most schedules of each trial to run; `None` for all. With a limit
        /// that is reached, what was not run counts as held.
        schedules: Option<u64>,
    },
    /// Run one schedule of one trial.
    Replay {
        /// Which trial, from 1.
        trial: usize,
        /// The schedule.
        schedule: String,
    },
}

/// Before its answer, a checker says which trial it has come to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AtTrial {
    /// Which, from 1.
    pub trial: usize,
    /// How many there are.
    pub of: usize,
}

/// What a checker answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "kebab-case")]
pub enum Reply {
    /// The answer was graded.
    Graded(Report),
    /// The schedule was run.
    Replayed(Execution),
    /// It could not be done, for no fault of the answer's.
    Impossible {
        /// Why not.
        why: String,
    },
}

/// An answer, graded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// What is wrong; `None` where the answer passed.
    pub failed: Option<Failed>,
    /// What was done to find out, one sentence each.
    pub evidence: Vec<String>,
}

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    /// In a word.
    pub failure: Failure,
    /// In a sentence.
    pub sentence: String,
    /// The execution that shows it, where there is one.
    pub execution: Option<Execution>,
}

/// One execution, drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// The trial's number, from 1.
    pub trial: usize,
    /// The trial's name.
    pub name: String,
    /// Who makes each step.
    pub schedule: String,
    /// How it ended.
    pub verdict: String,
    /// Step by step.
    pub timeline: String,
}
