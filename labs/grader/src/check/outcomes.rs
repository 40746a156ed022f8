//! Grades a prediction: the outcomes named against all that there are.

use shmkv_harness::sim::{Search, SearchReport};
use shmkv_harness::{Expected, Grade};

use super::judge;
use super::message::{Failed, Report};
use crate::{Failure, Predict};

/// Grades an answer.
///
/// # Errors
/// A sentence: it cannot be graded here.
pub(super) fn check(answer: &Predict) -> Result<Report, String> {
    let explored = explore(answer, &[], answer.search())?;
    let evidence = vec![format!("Simulation: {explored}.")];
    if answer.outcomes.is_empty() {
        let sentence = "No outcome is named yet.".into();
        let failed = Failed { failure: Failure::NotAttempted, sentence, execution: None };
        return Ok(Report { failed: Some(failed), evidence: Vec::new() });
    }
    let possible: Vec<&str> = explored.outcomes.iter().map(|row| row.outcome.as_str()).collect();
    let named: Vec<&str> = answer.outcomes.iter().map(|outcome| outcome.trim()).collect();
    let missing = possible.iter().find(|outcome| !named.contains(outcome));
    let impossible = named.iter().find(|outcome| !possible.contains(outcome));
    let failed = match (impossible, missing) {
        (Some(outcome), _) => Some(cannot_happen(outcome, &explored)),
        (None, Some(outcome)) => Some(can_happen(answer, outcome, &possible)?),
        (None, None) => None,
    };
    Ok(Report { failed, evidence })
}

fn explore(
    answer: &Predict,
    expected: &[Expected],
    search: Search,
) -> Result<SearchReport, String> {
    let program = answer.program(expected);
    program.explore(&search, &mut |_, _| {}).map_err(|error| error.to_string())
}

fn cannot_happen(outcome: &str, explored: &SearchReport) -> Failed {
    let sentence =
        format!("\"{outcome}\" cannot happen: none of {} schedules ends so.", explored.schedules);
    Failed { failure: Failure::WrongResult, sentence, execution: None }
}

/// Finds an execution that ends with `outcome`, by forbidding it.
fn can_happen(answer: &Predict, outcome: &str, possible: &[&str]) -> Result<Failed, String> {
    let grade = |possible| if possible == outcome { Grade::Forbidden } else { Grade::Acceptable };
    let expected: Vec<Expected> = possible
        .iter()
        .map(|possible| Expected {
            outcome: (*possible).to_owned(),
            grade: grade(*possible),
            reason: "not predicted".into(),
        })
        .collect();
    let found = explore(answer, &expected, answer.search().stop_at_first_failure(true))?;
    let name = answer.program(&[]).name().to_owned();
    let execution = found.failure.map(|replay| judge::execution(&name, 1, &replay));
    let sentence = format!("\"{outcome}\" can happen, too, and you do not name it.");
    Ok(Failed { failure: Failure::WrongResult, sentence, execution })
}
