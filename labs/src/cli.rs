//! What the labs' command lines have in common.

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser};
use serde_json::{Value, json};
use shmkv::{SegmentError, StoreError};
use shmkv_harness::sim::SimError;
use shmkv_harness::{StressError, StressOptions, in_lines};

use crate::explore::{self, Case, Simulated};
use crate::say;

/// A lab that has a story, scenarios to explore, and nothing else.
pub struct Lab {
    /// Its program.
    pub name: &'static str,
    /// What it is about, in one line.
    pub about: &'static str,
    /// Lines of what to type, each with what it does.
    pub examples: &'static str,
    /// What can be explored.
    pub cases: fn() -> Vec<Case>,
    /// Tells the story, and says whether it came out as claimed.
    pub tell: fn(&Common) -> Result<bool, LabError>,
}

/// The command line of such a lab.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Options {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    simulated: Option<Simulated>,
}

impl Lab {
    /// The whole program.
    pub fn main(&self) -> ExitCode {
        let examples = format!(
            "Examples:\n{}\n\nWithout installing: cargo run --bin {} -- --help",
            self.examples, self.name
        );
        let command = Options::command().name(self.name).about(self.about).after_help(examples);
        let options = Options::from_arg_matches(&command.get_matches());
        let options = options.unwrap_or_else(|error| error.exit());
        let result = match &options.simulated {
            None => self.story(&options.common),
            Some(command) => explore::run(self.name, &(self.cases)(), command),
        };
        finish(self.name, result)
    }

    fn story(&self, common: &Common) -> Result<bool, LabError> {
        if common.tells() {
            say!("{}\n", self.about);
        }
        (self.tell)(common)
    }
}

/// Options of every lab's story.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// How many processes take part, 2 to 9
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(2..=9))]
    pub processes: Option<u8>,
    /// How many rounds to run, at most
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rounds: Option<u64>,
    /// Decides who starts late
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Print one JSON document
    #[arg(long)]
    pub json: bool,
    /// Print the conclusion only
    #[arg(long, conflicts_with = "json")]
    pub quiet: bool,
}

impl Common {
    /// The number of processes, or the lab's own.
    pub fn processes_or(&self, default: usize) -> usize {
        self.processes.map_or(default, usize::from)
    }

    /// Options of a stress run of `rounds` rounds, where the user says nothing else.
    /// In half of them a process pauses; all are run, whatever happens.
    pub fn stress(&self, rounds: u64) -> StressOptions {
        StressOptions {
            rounds: self.rounds.unwrap_or(rounds),
            seed: self.seed,
            pause_rate: 0.5,
            stop_at_failure: false,
            progress: true,
            ..StressOptions::default()
        }
    }

    /// Whether the story is told in words.
    pub fn tells(&self) -> bool {
        !self.json && !self.quiet
    }
}

/// Why a lab's program ends with an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// The command line asks for what there is not. Exit status 2.
    #[error("{0}")]
    Usage(String),
    /// A store said so.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A store said so, and there is a command that helps.
    #[error("{error}; {remedy}")]
    Helped {
        /// What the store said.
        error: StoreError,
        /// What to do.
        remedy: String,
    },
    /// A segment said so.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A scenario could not be stressed.
    #[error(transparent)]
    Stress(#[from] StressError),
    /// A scenario could not be simulated.
    #[error(transparent)]
    Sim(#[from] SimError),
    /// A file, a signal or a process.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Whoever read the output has gone: nothing is left to say.
    #[error("the output was closed")]
    OutputClosed,
    /// JSON could not be written.
    #[error("the result could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl LabError {
    /// A failed system call, with what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Prints one line.
///
/// # Errors
/// [`LabError::OutputClosed`]: the line could not be written.
pub fn line(text: std::fmt::Arguments<'_>) -> Result<(), LabError> {
    writeln!(std::io::stdout(), "{text}").map_err(|_| LabError::OutputClosed)
}

/// Prints these bytes as they are, and the end of a line.
///
/// # Errors
/// [`LabError::OutputClosed`]: they could not be written.
pub fn bytes(bytes: &[u8]) -> Result<(), LabError> {
    let mut output = std::io::stdout();
    let written = output.write_all(bytes).and_then(|()| output.write_all(b"\n"));
    written.map_err(|_| LabError::OutputClosed)
}

/// As `println!`, but returns [`LabError::OutputClosed`] where that would panic.
#[macro_export]
macro_rules! say {
    ($($format:tt)*) => { $crate::cli::line(format_args!($($format)*))? };
}

/// Ends a story: with its conclusion, which is all that is said under `--quiet`,
/// or with one JSON document of this and the `rest`.
///
/// # Errors
/// [`LabError::OutputClosed`].
pub fn conclude(
    common: &Common,
    lab: &str,
    shown: bool,
    conclusion: &str,
    rest: Value,
) -> Result<bool, LabError> {
    if common.json {
        let mut document = json!({ "lab": lab, "shown": shown, "conclusion": conclusion });
        explore::merge(&mut document, rest);
        say!("{document:#}");
    } else {
        say!("{}{}", if common.quiet { "" } else { "\n" }, in_lines(conclusion, ""));
    }
    Ok(shown)
}

/// How a program ends: well, with its claim not shown, or with one sentence.
pub fn finish(program: &str, result: Result<bool, LabError>) -> ExitCode {
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(LabError::OutputClosed) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{program}: {error}");
            let usage = matches!(
                error,
                LabError::Usage(_)
                    | LabError::Sim(SimError::CannotFollow { .. } | SimError::BadSearch { .. })
            );
            ExitCode::from(if usage { 2 } else { 1 })
        }
    }
}
