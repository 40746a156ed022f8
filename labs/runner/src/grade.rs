//! Grades one answer: compiles it, has it checked, and puts the result into one form.

use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use shmkv_grader::catalogue::Exercise;
use shmkv_grader::{Execution, Failed, Failure, Reply, Report, Request, Task};

use crate::checker::{self, Ended};
use crate::compile::{self, CompileError, Libraries};
use crate::plain::{plain, plain_but_coloured};

/// What an answer is called inside its checker, where it is the only one.
const ANSWER: &str = "answer";

/// What the compiler says of a file that it may not read.
const DENIED: &str = "Permission denied (os error 13)";

/// How much to do for one answer.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How much processor time the whole check may take, once it is built.
    pub limit: Duration,
    /// How long to run under stress.
    pub stress: Duration,
    /// The most rounds of stress of each trial.
    pub rounds: u64,
    /// The most schedules of each trial; `None` for all.
    pub schedules: Option<u64>,
}

impl Default for Effort {
    /// What a learner's answer gets: twenty seconds of processor time at most.
    fn default() -> Self {
        Self {
            limit: Duration::from_secs(20),
            stress: Duration::from_millis(300),
            rounds: 2_000,
            schedules: None,
        }
    }
}

/// An answer, graded.
#[derive(Clone, Debug)]
pub struct Graded {
    /// What was found.
    pub report: Report,
    /// What the compiler said, where it refused the answer.
    pub diagnostics: Option<String>,
    /// What the learner's code printed.
    pub printed: String,
    /// The seed of the hidden inputs.
    pub seed: u64,
    /// How long the check took, once it was built.
    pub took: Duration,
}

impl Graded {
    /// An answer that fails before anything is done with it.
    pub fn without_check(failure: Failure, sentence: String, seed: u64) -> Self {
        Self {
            report: failed(failure, sentence),
            diagnostics: None,
            printed: String::new(),
            seed,
            took: Duration::ZERO,
        }
    }

    /// Whether the answer passed.
    pub fn passed(&self) -> bool {
        self.report.failed.is_none()
    }

    /// What is wrong, in a word.
    pub fn failure(&self) -> Option<Failure> {
        self.report.failed.as_ref().map(|failed| failed.failure)
    }
}

/// Why an answer could not be graded, for no fault of its own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GradeError {
    /// No checker could be made.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// The checker could not be asked.
    #[error("the checker could not be asked: {0}")]
    Ask(#[from] io::Error),
    /// The checker could not do what it was asked.
    #[error("{why}")]
    Impossible {
        /// Why not.
        why: String,
    },
}

/// Grades `file` as an answer to `exercise`, with hidden inputs from `seed`.
///
/// # Errors
/// See [`GradeError`]. A file that does not compile is no error: that is graded.
pub fn grade(
    libraries: &Libraries,
    exercise: &Exercise,
    file: &Path,
    seed: u64,
    effort: Effort,
) -> Result<Graded, GradeError> {
    match compile::checker(libraries, exercise, &[(ANSWER, file)]) {
        Ok(checker) => check(&checker.program(), ANSWER, seed, effort),
        Err(CompileError::Refused { diagnostics }) => {
            let sentence = match diagnostics.contains(DENIED) {
                true => "An answer is one file: it can take in no other.",
                false => "The compiler's messages are above.",
            };
            Ok(not_compiled(seed, diagnostics, sentence))
        }
        Err(CompileError::Unfit { diagnostics }) => {
            let sentence = "It compiles on its own, but does not have the items that are asked \
                            for, in the form in which it was handed out.";
            Ok(not_compiled(seed, diagnostics, sentence))
        }
        Err(
            error @ (CompileError::NotAlone { .. }
            | CompileError::NoFile { .. }
            | CompileError::Endless
            | CompileError::Waits),
        ) => Ok(not_compiled(seed, String::new(), &capitalised(&error.to_string()))),
        Err(other) => Err(other.into()),
    }
}

/// A message as a sentence of its own.
fn capitalised(message: &str) -> String {
    let mut letters = message.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(['.']).collect()
}

fn not_compiled(seed: u64, diagnostics: String, sentence: &str) -> Graded {
    let graded = Graded::without_check(Failure::DoesNotCompile, sentence.into(), seed);
    let diagnostics = Some(plain_but_coloured(&diagnostics)).filter(|said| !said.is_empty());
    Graded { diagnostics, ..graded }
}

fn failed(failure: Failure, sentence: String) -> Report {
    let failed = Failed { failure, sentence, execution: None };
    Report { failed: Some(failed), evidence: Vec::new() }
}

/// Has the program `checker` grade the answer called `variant`.
///
/// # Errors
/// [`GradeError::Ask`], [`GradeError::Impossible`].
pub fn check(
    checker: &Path,
    variant: &str,
    seed: u64,
    effort: Effort,
) -> Result<Graded, GradeError> {
    let stress_ms = effort.stress.as_millis().try_into().unwrap_or(u64::MAX);
    let Effort { rounds, schedules, .. } = effort;
    let task = Task::Check { stress_ms, rounds, schedules };
    let request = Request { variant: variant.to_owned(), seed, task };
    let asked = checker::ask(checker, &request, effort.limit)?;
    let report = match asked.ended {
        Ended::Replied(Reply::Graded(report)) => plain_report(report),
        Ended::Replied(Reply::Impossible { why }) => {
            return Err(GradeError::Impossible { why: plain(&why) });
        }
        Ended::Replied(Reply::Replayed(_)) => {
            let why = "the checker answered what it was not asked".into();
            return Err(GradeError::Impossible { why });
        }
        Ended::OutOfTime => {
            let limit = effort.limit.as_secs();
            let sentence = format!("The check had not ended after {limit} s of processor time.");
            failed(Failure::TooSlow, sentence)
        }
        Ended::Unserved { waited, used } => return Err(unserved(waited, used)),
        // The learner's code cannot reach it.
        Ended::Died(status) => return Err(ended_from_outside(status)),
    };
    let (printed, took) = (plain(&asked.printed), asked.took);
    Ok(Graded { report, diagnostics: None, printed, seed, took })
}

/// A report whose texts, which an answer may have chosen, control no terminal.
fn plain_report(report: Report) -> Report {
    let failed = report.failed.map(|failed| Failed {
        sentence: plain(&failed.sentence),
        execution: failed.execution.map(plain_execution),
        ..failed
    });
    Report { failed, evidence: report.evidence.iter().map(|line| plain(line)).collect() }
}

fn plain_execution(execution: Execution) -> Execution {
    Execution {
        trial: execution.trial,
        name: plain(&execution.name),
        schedule: plain(&execution.schedule),
        verdict: plain(&execution.verdict),
        timeline: plain(&execution.timeline),
    }
}

/// Runs one schedule of one trial, counted from 1, of `file`.
///
/// # Errors
/// See [`GradeError`]; a schedule that cannot be run is [`GradeError::Impossible`].
pub fn replay(
    libraries: &Libraries,
    exercise: &Exercise,
    file: &Path,
    seed: u64,
    trial: usize,
    schedule: &str,
) -> Result<Execution, GradeError> {
    let checker = compile::checker(libraries, exercise, &[(ANSWER, file)])?;
    let task = Task::Replay { trial, schedule: schedule.to_owned() };
    let request = Request { variant: ANSWER.into(), seed, task };
    let limit = Effort::default().limit;
    let impossible = |why| Err(GradeError::Impossible { why });
    match checker::ask(&checker.program(), &request, limit)?.ended {
        Ended::Replied(Reply::Replayed(execution)) => Ok(plain_execution(execution)),
        Ended::Replied(Reply::Impossible { why }) => impossible(plain(&why)),
        Ended::Replied(Reply::Graded(_)) => {
            impossible("the checker answered what it was not asked".into())
        }
        Ended::OutOfTime => impossible(format!(
            "the replay had not ended after {} s of processor time",
            limit.as_secs()
        )),
        Ended::Unserved { waited, used } => Err(unserved(waited, used)),
        Ended::Died(status) => Err(ended_from_outside(status)),
    }
}

fn unserved(waited: Duration, used: Duration) -> GradeError {
    let (waited, used) = (waited.as_secs(), used.as_secs_f64());
    let why = format!(
        "after {waited} s the check had got {used:.1} s of processor time; the machine is busy"
    );
    GradeError::Impossible { why }
}

fn ended_from_outside(status: ExitStatus) -> GradeError {
    GradeError::Impossible { why: format!("the checker was ended from outside ({status})") }
}
