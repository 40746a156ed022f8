//! Lab 2: the race of lab 1 with a semaphore, and how not to use it.
//! Chapter: book/src/lab-2.md. Run: cargo run --bin lab-2

use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use shmkv_harness::{StressOptions, stress, stress_until, thousands};
use shmkv_labs::cli::{Lab, conclude};
use shmkv_labs::common::Common;
use shmkv_labs::error::LabError;
use shmkv_labs::explore::{Case, lab_search};
use shmkv_labs::lab_2::{self, wrong};
use shmkv_labs::story::{searches, verdicts, violations_side_by_side};
use shmkv_labs::{lab_1, say, screen};

fn main() -> ExitCode {
    LAB.main()
}

const LAB: Lab = Lab {
    name: "lab-2",
    about: "Fixed with a semaphore: the same race, no damage, and three wrong ways",
    examples: "  lab-2                                 the story
  lab-2 --rounds 100000                 look longer for damage
  lab-2 explore --scenario early-return who waits for whom, step by step",
    cases: lab_2::cases,
    tell,
};

fn tell(common: &Common) -> Result<bool, LabError> {
    let processes = common.processes_or(4);
    let options = common.stress(20_000);
    if common.tells() {
        say!(
            "{processes} processes set two keys each, as in lab 1: once with no lock, and once with"
        );
        say!("each set between wait and post of a semaphore. The same rounds, the same pauses.\n");
    }
    let without = stress_until(&lab_1::scenario(processes, 2), &options, |run| {
        run.rounds >= 1_000 && !run.held()
    })?;
    let same = StressOptions { rounds: without.rounds, ..options.clone() };
    let with = stress(&lab_2::scenario(processes, 2), &same)?;
    let columns = [("without", &without), ("with semaphore", &with)];
    if common.tells() {
        say!("{}", screen::table(&violations_side_by_side(&columns)));
        say!("Three wrong ways to lock, each until it fails:\n");
    }

    let patient = StressOptions { stop_at_failure: true, ..options };
    let hasty = StressOptions { deadline: Duration::from_millis(200), ..patient.clone() };
    let wrong = [
        stress(&wrong::unlocked_reader(50, 50), &patient)?,
        stress(&wrong::early_return(2), &hasty)?,
        stress(&wrong::check_then_act(processes, 2), &patient)?,
    ];
    if common.tells() {
        say!("{}", screen::table(&verdicts(&wrong)));
        say!("The right way, and each of these, step by step, with two processes:\n");
    }
    let cases: Vec<Case> =
        lab_2::cases().into_iter().filter(|case| case.name != "two-sets").collect();
    let (as_claimed, searches) = searches(common, &cases, &lab_search())?;

    let failed = wrong.iter().filter(|run| !run.held()).count();
    let shown = with.held() && !without.held() && failed == wrong.len() && as_claimed;
    let conclusion = format!(
        "Damage in {} of {} rounds without the semaphore, in {} with it; {failed} of 3 wrong ways failed.",
        thousands(without.failed_rounds),
        thousands(without.rounds),
        with.failed_rounds
    );
    let rest = json!({
        "without": without, "with": with, "wrong": wrong, "searches": searches,
    });
    let shown = conclude(common, "lab-2", shown, &conclusion, rest)?;
    if common.tells() {
        say!("\nTry next:\n  cargo run --bin lab-2 explore --scenario early-return");
        say!("  cargo run --bin lab-3                 what a version tells a reader");
    }
    Ok(shown)
}
