//! Lab 4: the full store, as a user would use it.
//! Chapter: book/src/lab-4.md. Run: cargo run --bin lab-4

use std::process::ExitCode;

use serde_json::json;
use shmkv_harness::{colour_on, stress};
use shmkv_labs::cli::{Common, LabError, conclude};
use shmkv_labs::story::searches;
use shmkv_labs::{lab_4, lab_4_commands, say, two_programs};

fn main() -> ExitCode {
    lab_4_commands::main(tell)
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
        say!("{}", report.render(colour_on(&std::io::stdout())));
        say!("Stress saw nothing; that is no proof. So: every schedule, step by step.\n");
    }

    let (as_claimed, searches) = searches(common, &lab_4::cases())?;
    let held = report.held() && as_claimed;
    let conclusion = match (held, searches.is_empty()) {
        (true, false) => "The store held in all of them.",
        (true, true) => "The store held under stress.",
        (false, _) => "The store failed.",
    };
    let rest = json!({ "stress": report, "searches": searches });
    conclude(common, "lab-4", held, conclusion, rest)?;
    if common.tells() {
        say!("\nTry next:");
        say!("  cargo run --bin lab-4 producer        and, in another terminal,");
        say!("  cargo run --bin lab-4 consumer");
        say!("  cargo run --bin lab-4 explore --scenario set-get --kill");
    }
    Ok(held)
}
