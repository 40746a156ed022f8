//! Grades a prediction: the outcomes named against all that there are.
//!
//! Idea: what cannot happen is told with the reason; what can and is not named is
//! only counted, since it is what is asked for.

use shmkv_harness::sim::{Search, SearchReport};
use shmkv_harness::{Expected, Grade};

use super::message::{Failed, Report};
use super::words;
use crate::{Failure, Predict};

/// Grades an answer.
///
/// # Errors
/// A sentence: it cannot be graded here.
pub(super) fn check(answer: &Predict) -> Result<Report, String> {
    if answer.outcomes.is_empty() {
        let sentence = "No outcome is named yet.".into();
        let failed = Failed { failure: Failure::NotAttempted, sentence, execution: None };
        return Ok(Report { failed: Some(failed), evidence: Vec::new() });
    }
    let explored = explore(answer, &[], answer.search())?;
    if !explored.complete {
        return Err(format!("not all outcomes could be found: {explored}"));
    }
    let possible: Vec<&str> = explored.outcomes.iter().map(|row| row.outcome.as_str()).collect();
    let named: Vec<String> = answer.outcomes.iter().map(|outcome| one_blank(outcome)).collect();
    let missing = possible.iter().filter(|outcome| !named.iter().any(|name| name == *outcome));
    let failed = match named.iter().find(|name| !possible.contains(&name.as_str())) {
        Some(outcome) => Some(cannot_happen(answer, outcome, &named, &explored)?),
        None => can_happen(missing.count()),
    };
    let evidence = format!(
        "Tried: all {}{}. {}",
        words::orders(&explored),
        words::within(&explored),
        words::MEMORY_MODEL
    );
    Ok(Report { failed: failed.map(wrong), evidence: vec![evidence] })
}

/// `text` with one blank where there are several, and none around it.
fn one_blank(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn wrong(sentence: String) -> Failed {
    Failed { failure: Failure::WrongResult, sentence, execution: None }
}

fn explore(
    answer: &Predict,
    expected: &[Expected],
    search: Search,
) -> Result<SearchReport, String> {
    let program = answer.program(expected);
    program.explore(&search, &mut |_, _| {}).map_err(|error| error.to_string())
}

/// Why `outcome` cannot happen; where no reason is known, what comes nearest to it
/// of what is `named` and can.
fn cannot_happen(
    answer: &Predict,
    outcome: &str,
    named: &[String],
    explored: &SearchReport,
) -> Result<String, String> {
    let mut sentence = format!("\"{outcome}\" cannot happen.");
    if let Some(reason) = answer.reason_against(outcome) {
        return Ok(format!("{sentence} {reason}"));
    }
    sentence += &format!(" None of all {} ends so.", words::orders(explored));
    let possible = explored.outcomes.iter().map(|row| row.outcome.as_str());
    let right = possible.filter(|possible| named.iter().any(|name| name == possible));
    if let Some(nearest) = right.min_by_key(|right| strsim::levenshtein(right, outcome)) {
        sentence += &format!(" The nearest of those that you name is \"{nearest}\"");
        sentence += &match schedule_to(answer, nearest, explored)? {
            Some(schedule) => format!(", for example by the schedule {schedule}."),
            None => ".".into(),
        };
    }
    Ok(sentence)
}

fn can_happen(missing: usize) -> Option<String> {
    let more = (missing > 0).then_some(missing)?;
    Some(format!("All that you name can happen, and {more} more can, too."))
}

/// A schedule that ends with `outcome`, found by forbidding it.
fn schedule_to(
    answer: &Predict,
    outcome: &str,
    explored: &SearchReport,
) -> Result<Option<String>, String> {
    let grade = |row: &str| if row == outcome { Grade::Forbidden } else { Grade::Acceptable };
    let expected = explored.outcomes.iter().map(|row| Expected {
        outcome: row.outcome.clone(),
        grade: grade(&row.outcome),
        reason: "named".into(),
    });
    let expected: Vec<Expected> = expected.collect();
    let found = explore(answer, &expected, answer.search().stop_at_first_failure(true))?;
    let schedule = found.failure.map(|replay| replay.schedule.to_string());
    Ok(schedule.map(|typed| if typed.is_empty() { "\"\"".into() } else { typed }))
}
