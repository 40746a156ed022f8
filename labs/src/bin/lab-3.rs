//! Lab 3: what the version tells a reader, and what it does for a writer.
//! Chapter: book/src/lab-3.md. Run: cargo run --bin lab-3

use std::process::ExitCode;

use serde_json::json;
use shmkv_harness::{StressOptions, stress, thousands};
use shmkv_labs::cli::{Lab, conclude};
use shmkv_labs::common::Common;
use shmkv_labs::error::LabError;
use shmkv_labs::explore::lab_search;
use shmkv_labs::lab_3::readers::{self, CHANGES, Reading};
use shmkv_labs::lab_3::writers::{self, Writing};
use shmkv_labs::story::{searches, verdicts};
use shmkv_labs::{lab_3, say, screen};

fn main() -> ExitCode {
    LAB.main()
}

const LAB: Lab = Lab {
    name: "lab-3",
    about: "Version tracking: what a version tells a reader, and what it does for a writer",
    examples: "  lab-3                                 the story
  lab-3 --processes 8 --rounds 1000     with more writers, in more rounds
  lab-3 explore --scenario same-version a copy of what never was, step by step",
    cases: lab_3::cases,
    tell,
};

fn tell(common: &Common) -> Result<bool, LabError> {
    let options = common.stress(200);
    let rounds = StressOptions { rounds: 20, ..options.clone() };
    let followed = stress(&readers::follower(CHANGES), &rounds)?;
    if common.tells() {
        let (least, most) = readers::versions_seen(&followed);
        let changes = thousands(CHANGES);
        say!("A writer makes {changes} changes; a reader looks at the version all the time. In");
        say!("20 runs it saw from {least} to {most} versions. Each told it that something had");
        say!("changed, none told it what, and it missed the changes in between. The last one");
        say!("it cannot miss: the version stays as it is.\n");
        say!("To know what, it must copy the table as it was at that version. Four ways:\n");
    }
    let copying = |reading| stress(&readers::scenario(reading, 100, 100), &options);
    let copies = Reading::ALL.into_iter().map(copying).collect::<Result<Vec<_>, _>>()?;

    let processes = common.processes_or(4);
    if common.tells() {
        say!("{}", screen::table(&verdicts(&copies)));
        say!("{processes} processes each read a number, add one, and write it back, 20 times:\n");
    }
    let adding = |writing| stress(&writers::scenario(writing, processes, 20), &options);
    let sums = Writing::ALL.into_iter().map(adding).collect::<Result<Vec<_>, _>>()?;
    if common.tells() {
        say!("{}", screen::table(&verdicts(&sums)));
        say!("The same, small, step by step, with two processes:\n");
    }
    let (as_claimed, searches) = searches(common, &lab_3::cases(), &lab_search())?;

    // Of the wrong ways, the second fails too seldom to count on: the searches show it.
    let [wrong, _, right @ ..] = &copies[..] else { return Ok(false) };
    let [lost, kept] = &sums[..] else { return Ok(false) };
    let right_held = right.iter().chain([kept, &followed]).all(|run| run.held());
    let shown = right_held && !wrong.held() && !lost.held() && as_claimed;
    let conclusion = format!(
        "Copies of what never was in {} of {} rounds, increments lost in {}; the right ways held.",
        wrong.failed_rounds, wrong.rounds, lost.failed_rounds
    );
    let rest =
        json!({ "followed": followed, "copies": copies, "sums": sums, "searches": searches });
    let shown = conclude(common, "lab-3", shown, &conclusion, rest)?;
    if common.tells() {
        say!("\nTry next:\n  cargo run --bin lab-3 explore --scenario same-version");
        say!("  cargo run --bin lab-4                 the full store");
    }
    Ok(shown)
}
