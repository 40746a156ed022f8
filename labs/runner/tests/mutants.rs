//! The grader is graded by what nobody wrote: solutions with one change each. Some of
//! each exercise are checked here, the same each time; `labs mutants` checks all.

use shmkv_grader::catalogue::{ALL, Kind};
use shmkv_labs_runner::compile::Libraries;
use shmkv_labs_runner::mutants::{self, Fate};
use shmkv_labs_runner::places::Places;

/// How many of each exercise: half of them compile.
const SAMPLE: usize = 4;

/// Of those that are checked, the grader rejects at least this share, in percent.
const SCORE: f64 = 60.0;

/// Most are rejected, the machine is in nobody's way, and what is listed as equivalent is
/// still a mutant.
#[test]
fn mutants_are_rejected() {
    let places = Places::here();
    let libraries = Libraries::build(&places).expect("the libraries");
    let write = ALL.iter().filter(|exercise| exercise.kind == Kind::Write);
    let tallies: Vec<_> = write
        .map(|exercise| {
            let tally = mutants::check(&libraries, &places, exercise, Some(SAMPLE), 1);
            tally.expect("mutants can be checked")
        })
        .collect();
    println!("{}", mutants::summary(&tallies));
    let rejected: usize = tallies.iter().map(mutants::Tally::rejected).sum();
    let survived: usize = tallies.iter().map(mutants::Tally::survived).sum();
    let score = 100.0 * rejected as f64 / (rejected + survived) as f64;
    assert!(score >= SCORE, "{score:.1} %\n{}", mutants::survivors(&places, &tallies));
    assert!(tallies.iter().all(|tally| tally.mistakes.is_empty()));
    let unchecked = tallies.iter().flat_map(|tally| &tally.checked);
    let unchecked = unchecked.filter(|checked| matches!(checked.fate, Fate::Unchecked(_)));
    assert_eq!(unchecked.count(), 0);
}
