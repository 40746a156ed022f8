//! `labs`: the runner of the exercises.
//!
//! Exit status: 0 where all went well, 1 where an answer did not pass, 2 where
//! what was asked for makes no sense, 3 where it could not be done.

use std::io;
use std::process::ExitCode;

use clap::Parser;
use shmkv_harness::colour_on;
use shmkv_labs_runner::app::{App, CommandError, Outcome};
use shmkv_labs_runner::cli::{Cli, Command};
use shmkv_labs_runner::grading::{self, Order};
use shmkv_labs_runner::places::Places;
use shmkv_labs_runner::screen::Screen;
use shmkv_labs_runner::{commands, confined, mutants, watch};

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const IMPOSSIBLE: u8 = 3;

fn main() -> ExitCode {
    if let Some(status) = confined::serve() {
        return status;
    }
    let cli = Cli::parse();
    match perform(cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAILED),
        // Whoever reads has enough, as `head` does.
        Err(CommandError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("labs: {error}");
            ExitCode::from(if matches!(error, CommandError::Usage(_)) { USAGE } else { IMPOSSIBLE })
        }
    }
}

/// Carries a command out. Whether what was checked passed.
fn perform(cli: Cli) -> Outcome<bool> {
    let mut out = io::stdout();
    let escapes = colour_on(&out);
    let screen = Screen::new(&mut out, escapes);
    let mut app = App::new(Places::here(), screen)?;
    let app = &mut app;
    let done = |outcome: Outcome<()>| outcome.map(|()| true);
    match cli.command {
        None => done(commands::overview(app)),
        Some(Command::List) => done(commands::list(app)),
        Some(Command::Check { id, seed }) => commands::check(app, id.as_deref(), seed),
        Some(Command::Watch) => done(watch::watch(app)),
        Some(Command::Hint { id }) => done(commands::hint(app, id.as_deref())),
        Some(Command::Reset { id }) => done(commands::reset(app, &id)),
        Some(Command::Solution { id, spoil }) => done(commands::solution(app, &id, spoil)),
        Some(Command::Explain { id }) => done(commands::explain(app, id.as_deref())),
        Some(Command::Replay { id, schedule, trial, seed }) => {
            done(commands::replay(app, &id, &schedule, trial, seed))
        }
        Some(Command::Grade { json, junit, points, from, seed }) => {
            grading::grade(app, &Order { json, junit, points, from, seed })
        }
        Some(Command::Mutants { exercises, sample, seed, json }) => {
            let sample = sample.map(|count| count as usize);
            mutants::run(app, &mutants::Order { exercises, sample, seed, json })
        }
    }
}
