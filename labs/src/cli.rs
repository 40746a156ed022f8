//! What the labs' command lines have in common.

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser};
use serde_json::{Value, json};
use shmkv_harness::in_lines;
use shmkv_harness::sim::SimError;

use crate::common::Common;
use crate::error::LabError;
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
