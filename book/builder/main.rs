//! Builds the book and serves it on this machine, or only builds it.
//! Run: cargo run --bin book

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use shmkv_book::{BookError, Figures, Server, Sources, build, default_output};

/// Builds the book and serves it on this machine.
#[derive(Parser)]
#[command(name = "book", version, after_help = EXAMPLES)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,

    /// Where to put the built book [default: target/book]
    #[arg(long, global = true, value_name = "FOLDER")]
    out: Option<PathBuf>,

    /// The port to serve it on; 0 is any that is free [default: 4000, or any]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
}

#[derive(Subcommand)]
enum Command {
    /// Only builds the book
    Build,
}

const EXAMPLES: &str = "\
Examples:
  cargo run --bin book              builds, serves, and prints the address
  cargo run --bin book -- build     only builds, into target/book";

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), BookError> {
    let output = arguments.out.clone().unwrap_or_else(default_output);
    let sources = Sources::of_workspace();

    // The simulator forks, so it runs before anything starts a thread.
    let figures = Figures::collect(&sources)?;
    build(&sources, figures, &output)?;
    println!("built: {}", output.join("index.html").display());

    if arguments.command.is_some() {
        return Ok(());
    }
    let server = Server::bind(&output, arguments.port)?;
    println!("The book is at {}; Ctrl-C ends this.", server.address());
    server.run()
}
