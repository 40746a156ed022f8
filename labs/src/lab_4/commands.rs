//! `lab-4`'s command line: the story, or one of the programs of the full store.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::consumer::{self, ConsumerOptions};
use super::producer::{self, ProducerOptions};
use super::store_commands::{self, StoreCommand};
use crate::cli::finish;
use crate::common::Common;
use crate::error::LabError;
use crate::explore::{self, Simulated};

/// The whole program, of which `tell` is the story.
pub fn main(tell: fn(&Common) -> Result<bool, LabError>) -> ExitCode {
    let options = Options::parse();
    let result = match &options.action {
        None => tell(&options.common),
        Some(Action::Producer(options)) => producer::run(options),
        Some(Action::Consumer(options)) => consumer::run(options),
        Some(Action::Store(command)) => store_commands::run(command),
        Some(Action::Simulated(command)) => explore::run("lab-4", &super::cases(), command),
    };
    finish("lab-4", result)
}

/// The full store: two programs that share pairs, stress, and every schedule.
#[derive(Parser)]
#[command(
    name = "lab-4",
    version,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  lab-4                                 the story\n  \
                  lab-4 producer --name /mine           create a store, fill it, wait\n  \
                  lab-4 consumer --name /mine --wait 10 show it, and each change\n  \
                  lab-4 set --name /mine city=Paris     one operation\n  \
                  lab-4 explore --scenario set-get      all schedules with at most 2 preemptions"
)]
struct Options {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Subcommand)]
enum Action {
    /// Create the store, set eight pairs, wait for Ctrl-C, remove it
    Producer(ProducerOptions),
    /// Show the store and each change of it
    Consumer(ConsumerOptions),
    #[command(flatten)]
    Store(StoreCommand),
    #[command(flatten)]
    Simulated(Simulated),
}
