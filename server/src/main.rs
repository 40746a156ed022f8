//! `cargo run --bin server`: the store over HTTP, until SIGINT or SIGTERM.

use std::process::ExitCode;

use clap::Parser;
use shmkv_server::{Options, run};

fn main() -> ExitCode {
    match run(Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::FAILURE
        }
    }
}
