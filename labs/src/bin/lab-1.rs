//! Lab 1: processes set keys in shared memory, and nobody takes a lock.
//! Chapter: book/src/lab-1.md. Run: cargo run --bin lab-1

use std::process::ExitCode;

use serde_json::json;
use shmkv_harness::{PAUSE_LENGTH, in_lines, stress_until, thousands};
use shmkv_labs::cli::{Lab, conclude};
use shmkv_labs::common::Common;
use shmkv_labs::error::LabError;
use shmkv_labs::{explore, lab_1, say, screen};

fn main() -> ExitCode {
    LAB.main()
}

const LAB: Lab = Lab {
    name: "lab-1",
    about: "Race without a semaphore: how processes destroy each other's data",
    examples: "  lab-1                                 the story
  lab-1 --processes 9 --rounds 1000     more processes, in 1,000 rounds at most
  lab-1 explore --scenario two-sets     all schedules with at most 2 preemptions",
    cases: lab_1::cases,
    tell,
};

/// Races until each kind of damage has been seen, then shows one step by step.
fn tell(common: &Common) -> Result<bool, LabError> {
    let processes = common.processes_or(4);
    if common.tells() {
        say!("{processes} processes work on one table in shared memory. Each sets two keys:");
        say!("key 0, which all of them set, and one of its own. Nobody takes a lock. Then");
        say!("all start again on an empty table; in half of these rounds one process stops");
        let pause = PAUSE_LENGTH.as_micros();
        say!("for {pause} µs or more at a random moment, as a scheduler may make it.\n");
    }
    let race = stress_until(&lab_1::scenario(processes, 2), &common.stress(100_000), |race| {
        race.invariants.iter().all(|invariant| invariant.violations > 0)
    })?;
    let firsts = || race.invariants.iter().filter_map(|invariant| invariant.first.as_ref());
    if common.tells() {
        say!("{}", screen::table(&race.invariant_table()));
        say!("A set reads version and count, writes value and key, and writes version and");
        say!("count back. What others do in between is lost, or destroys what it wrote:");
        say!("each access is atomic, the set is not.\n");
        say!("Luck found that. Now one step at a time, for two processes with a set each:\n");
    }

    let case = &lab_1::cases()[0];
    let search = explore::explored(common, case, &explore::lab_search())?;
    if let (Some(search), true) = (&search, common.tells()) {
        say!("{}", in_lines(&search.to_string(), "  "));
        explore::print_failure("lab-1", case, search)?;
    }

    let (seen, kinds) = (firsts().count(), race.invariants.len());
    let rounds = firsts().map(|first| first.round + 1).max().unwrap_or(race.rounds);
    let shown = seen == kinds && search.as_ref().is_none_or(|search| search.failed > 0);
    let conclusion = format!(
        "{seen} of {kinds} kinds of damage were seen within {} rounds; {} rounds took {:.1} s.",
        thousands(rounds),
        thousands(race.rounds),
        race.elapsed.as_secs_f64()
    );
    let rest = json!({ "stress": race, "searches": [{ "case": case.name, "search": search }] });
    let shown = conclude(common, "lab-1", shown, &conclusion, rest)?;
    if common.tells() {
        say!("\nTry next:\n  cargo run --bin lab-2                 the same with a semaphore");
    }
    Ok(shown)
}
