//! Stress, on scenarios whose verdicts are known.

mod ends;
mod kills;
mod leaks;
mod pauses;
mod reports;
#[path = "../runner/mod.rs"]
mod runner;
mod runs;

use std::process::ExitCode;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use nix::unistd::pause;
use shmkv_harness::{Scenario, Shared, StressOptions, StressReport, stress};

fn main() -> ExitCode {
    let subjects = [runs::TESTS, ends::TESTS, kills::TESTS, pauses::TESTS, leaks::TESTS];
    runner::run(Ok(()), &[&subjects.concat(), reports::TESTS].concat())
}

/// A scenario over one number.
fn counter(name: &str) -> Scenario<AtomicU64> {
    Scenario::new(name, |_| {})
}

fn rounds(rounds: u64) -> StressOptions {
    // Far longer than any round takes on a loaded machine: only a hang gets there.
    StressOptions { rounds, deadline: Duration::from_secs(60), ..StressOptions::default() }
}

/// Rounds with a hang in each take as long as this.
fn brief(options: StressOptions) -> StressOptions {
    StressOptions { deadline: Duration::from_secs(1), ..options }
}

fn killing(rounds_to_run: u64) -> StressOptions {
    StressOptions { kill_rate: 1.0, ..rounds(rounds_to_run) }
}

fn run<T: Shared>(scenario: &Scenario<T>, options: &StressOptions) -> StressReport {
    stress(scenario, options).expect("the scenario runs")
}

fn hang() {
    loop {
        pause();
    }
}

fn victim_with_recovery(recovery: impl Fn(&AtomicU64) + 'static) -> Scenario<AtomicU64> {
    counter("recovery").process("victim", |_| hang()).recovery(recovery)
}
