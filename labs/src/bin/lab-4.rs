//! Lab 4: the full store, as a user would use it.
//! Chapter: book/src/lab-4.md. Run: cargo run --bin lab-4

use std::process::ExitCode;

use serde_json::json;
use shmkv_harness::sim::Search;
use shmkv_harness::{stress, thousands};
use shmkv_labs::cli::conclude;
use shmkv_labs::common::Common;
use shmkv_labs::error::LabError;
use shmkv_labs::explore::lab_search;
use shmkv_labs::lab_4::{self, commands, two_programs};
use shmkv_labs::story::searches;
use shmkv_labs::{say, screen};

fn main() -> ExitCode {
    commands::main(tell)
}

/// Tells the story of the store: a producer and a consumer, stress, simulation.
fn tell(common: &Common) -> Result<bool, LabError> {
    if common.tells() {
        say!("A producer sets pairs in shared memory; a consumer, another process, sees each.\n");
        two_programs::tell()?;
    }

    let processes = common.processes_or(3);
    let report = stress(&lab_4::busy(processes), &common.stress(2_000))?;
    if common.tells() {
        say!("\n{processes} processes set, get and delete the same five keys, at full speed:\n");
        say!("{}", screen::report(&report));
        if report.held() {
            say!(
                "No damage was seen, which does not prove that there can be none. Now one step at"
            );
            say!("a time, two processes with one operation each:\n");
        }
    }

    let (as_claimed, mut explored) = searches(common, &lab_4::cases(), &lab_search())?;
    if common.tells() && !explored.is_empty() {
        say!("\nAnd with one process killed just before one of its steps. The other finds the");
        say!("old value, the new one, or that the lock is held:\n");
    }
    let mut survives = true;
    if !explored.is_empty() {
        let mut cases = lab_4::cases();
        cases.retain(|case| case.name == "set-get");
        let killed =
            searches(common, &cases, &Search::exhaustive(1).with_kills().with_early_timeouts())?;
        survives = killed.0;
        explored.extend(killed.1);
    }

    let held = report.held() && as_claimed && survives;
    let rounds = thousands(report.rounds);
    let schedules: u64 =
        explored.iter().filter_map(|search| search["search"]["schedules"].as_u64()).sum();
    let conclusion = match (held, schedules) {
        (false, _) => "The store failed.".to_owned(),
        (true, 0) => format!("The store held in {rounds} rounds of stress."),
        (true, _) => format!(
            "The store held in {rounds} rounds of stress and in {} schedules.",
            thousands(schedules)
        ),
    };
    let rest = json!({ "stress": report, "searches": explored });
    conclude(common, "lab-4", held, &conclusion, rest)?;
    if common.tells() {
        say!("\nTry next:");
        say!("  cargo run --bin lab-4 producer        and, in another terminal,");
        say!("  cargo run --bin lab-4 consumer");
        say!("  cargo run --bin lab-4 explore --scenario set-get --kill");
    }
    Ok(held)
}
