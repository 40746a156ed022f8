//! The simulator, from single instructions to whole searches.

mod instructions;
mod random;
#[path = "../runner/mod.rs"]
mod runner;

use std::process::ExitCode;

use instructions::*;

fn main() -> ExitCode {
    runner::run(tests![instructions_do_as_the_processor_does])
}
