//! Each small program's bug is found, and nothing is found once it is repaired.

#[path = "../../harness/tests/runner/mod.rs"]
#[macro_use]
mod runner;

use std::process::ExitCode;

use shmkv_benches::bugs::{Form, Program, programs};
use shmkv_harness::sim::{Search, SearchReport};

fn main() -> ExitCode {
    runner::run(
        shmkv_harness::sim::supported(),
        tests![
            sampling_finds_every_bug,
            fewest_preemptions_show_the_bug,
            repaired_programs_hold,
            large_repaired_programs_hold_as_far_as_searched,
        ],
    )
}

/// Programs whose schedules, even with one preemption, take more than seconds:
/// what is run of them is a part.
const LARGE: [&str; 8] = [
    "account",
    "lazy01",
    "token ring",
    "wrong lock",
    "two-stage 20",
    "reorder 3",
    "reorder 5",
    "reorder 10",
];

fn is_large(program: &Program) -> bool {
    LARGE.contains(&program.name)
}

fn explore(program: &Program, form: Form, search: Search) -> SearchReport {
    let search = Search { minimise: false, ..search }.stop_at_first_failure(true);
    program.explore(form, &search).expect(program.name)
}

/// Seed 1, and at most 300 schedules: by the means that the table of bugs prints,
/// the odds that another seed would find less are below one in a thousand for
/// each program.
fn sampling_finds_every_bug() {
    for program in programs() {
        let report = explore(&program, Form::Buggy, Search::sampling(1).max_schedules(300));
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
fn fewest_preemptions_show_the_bug() {
    for program in programs().iter().filter(|program| !is_large(program)) {
        let found = explore(program, Form::Buggy, Search::exhaustive(program.preemptions));
        assert_eq!(found.verdict.word(), program.verdict, "{}: {found}", program.name);
        if let Some(fewer) = program.preemptions.checked_sub(1) {
            let none = explore(program, Form::Buggy, Search::exhaustive(fewer));
            assert!(none.complete && none.verdict.held(), "{}: {none}", program.name);
        }
    }
}

/// All schedules with at most one preemption.
fn repaired_programs_hold() {
    for program in programs().iter().filter(|program| !is_large(program)) {
        let report = explore(program, Form::Repaired, Search::exhaustive(1));
        assert!(report.complete && report.verdict.held(), "{}: {report}", program.name);
    }
}

/// The first 100 schedules with at most one preemption, and 100 sampled ones.
fn large_repaired_programs_hold_as_far_as_searched() {
    for program in programs().iter().filter(|program| is_large(program)) {
        for search in [Search::exhaustive(1), Search::sampling(1)] {
            let report = explore(program, Form::Repaired, search.max_schedules(100));
            assert!(report.verdict.held(), "{}: {report}", program.name);
            assert_eq!(report.schedules, 100, "{}", program.name);
        }
    }
}
