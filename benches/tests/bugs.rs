//! Each small program's bug is found, and nothing is found once it is repaired.

#[path = "../benches/bugs/cell.rs"]
mod cell;
#[path = "../../harness/tests/runner/mod.rs"]
#[macro_use]
mod runner;
#[path = "../benches/bugs/table.rs"]
mod table;

use std::process::ExitCode;

use cell::{Column, Limits, measure};
use shmkv_bugs::{Form, Program, programs};
use shmkv_harness::sim::{Search, SearchReport, Strategy};

fn main() -> ExitCode {
    runner::run(
        shmkv_harness::sim::supported(),
        tests![
            sampling_finds_every_bug,
            fewest_preemptions_show_the_bug,
            repaired_programs_hold,
            table_in_the_book_is_that_of_the_bench
        ],
    )
}

fn explore(program: &Program, form: Form, search: Search) -> SearchReport {
    let search = Search { minimise: false, ..search }.stop_at_first_failure(true);
    program.explore(form, &search).expect(program.name)
}

/// Seed 1, and at most 600 schedules: by the means that the table of bugs prints,
/// the odds that another seed would find less are below one in a thousand for
/// each program.
fn sampling_finds_every_bug() {
    for program in programs() {
        let report = explore(&program, Form::Buggy, Search::sampling(1).max_schedules(600));
        let failure =
            report.failure.as_ref().unwrap_or_else(|| panic!("{}: {report}", program.name));
        assert_eq!(
            failure.verdict.word(),
            program.verdict,
            "{}: {}",
            program.name,
            failure.verdict
        );
        assert_eq!(report.nondeterminism, None, "{}", program.name);
    }
}

/// With its bound on preemptions each bug is found; with one less it is not.
/// Programs of more than four processes have too many schedules for that.
fn fewest_preemptions_show_the_bug() {
    for program in programs().iter().filter(|program| program.processes <= 4) {
        let found = explore(program, Form::Buggy, Search::exhaustive(program.preemptions));
        assert_eq!(found.verdict.word(), program.verdict, "{}: {found}", program.name);
        if let Some(fewer) = program.preemptions.checked_sub(1) {
            let none = explore(program, Form::Buggy, Search::exhaustive(fewer));
            assert!(none.complete && none.verdict.held(), "{}: {none}", program.name);
        }
    }
}

/// All schedules within the program's bound; of more than three processes, within
/// one less, which leaves seconds. The table of bugs has the whole bound.
fn repaired_programs_hold() {
    for program in programs() {
        let bound = if program.processes > 3 { one_less(program.bound) } else { program.bound };
        let report = explore(&program, Form::Repaired, Search::new(bound));
        assert!(report.complete && report.verdict.held(), "{}: {report}", program.name);
    }
}

fn one_less(bound: Strategy) -> Strategy {
    match bound {
        Strategy::Exhaustive { preemptions: Some(most) } if most > 0 => {
            Strategy::Exhaustive { preemptions: Some(most - 1) }
        }
        Strategy::Delays { delays } if delays > 0 => Strategy::Delays { delays: delays - 1 },
        other => other,
    }
}

/// The rows of a few small programs: all that decides is in the seeds.
fn table_in_the_book_is_that_of_the_bench() {
    let few = ["bluetooth driver", "store order", "lost update"];
    let few: Vec<Program> =
        programs().into_iter().filter(|program| few.contains(&program.name)).collect();
    let limits = Limits { seeds: 20, cap: 10_000, budget: 5_000 };
    let cells = few.iter().flat_map(|program| Column::ALL.map(|column| (program, column)));
    let cells = cells.map(|(program, column)| measure(program, column, &limits).expect("a cell"));
    let rows = table::rows(&few, cells.collect());
    let kept = include_str!("../bugs.snap");
    // Columns are as wide as their widest row.
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let kept: Vec<String> = kept.lines().map(words).collect();
    for line in table::render(&rows, &limits, false).lines() {
        assert!(kept.contains(&words(line)), "not in benches/bugs.snap: {line}");
    }
}
