//! Everything that was found, as JSON.

use serde::Serialize;
use shmkv_grader::Failure;

use super::Row;
use crate::show;

/// The form of the report.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    passed: usize,
    /// How many could not be checked: their points are neither won nor lost.
    could_not_check: usize,
    exercises: usize,
    points: u32,
    points_possible: u32,
    results: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    lab: u32,
    kind: String,
    passed: bool,
    points: u32,
    points_possible: u32,
    /// Why it could not be checked, for no fault of the answer's; `null` where it was.
    could_not_check: Option<&'a str>,
    /// The name of the failure, for programs; `null` where there is none.
    failure: Option<Failure>,
    /// The same in a sentence.
    sentence: Option<&'a str>,
    schedule: Option<&'a str>,
    timeline: Option<&'a str>,
    /// The line to type to see it again.
    replay: Option<String>,
    diagnostics: Option<&'a str>,
    evidence: &'a [String],
    seed: Option<u64>,
    took_ms: Option<u128>,
}

/// The report on `rows`.
pub fn to_json(rows: &[Row]) -> String {
    let report = Report {
        version: VERSION,
        passed: rows.iter().filter(|row| row.passed()).count(),
        could_not_check: rows.iter().filter(|row| row.checked.is_err()).count(),
        exercises: rows.len(),
        points: rows.iter().map(Row::points).sum(),
        points_possible: rows.iter().map(|row| row.exercise.kind.points()).sum(),
        results: rows.iter().map(item).collect(),
    };
    let text = serde_json::to_string_pretty(&report);
    // Strings, numbers and lists: nothing in it can fail to be JSON.
    text.unwrap_or_default() + "\n"
}

fn item(row: &Row) -> Item<'_> {
    let exercise = row.exercise;
    let graded = row.checked.as_ref().ok();
    let failed = graded.and_then(|graded| graded.report.failed.as_ref());
    let execution = failed.and_then(|failed| failed.execution.as_ref());
    let seed = graded.map(|graded| graded.seed);
    let again = execution.zip(seed);
    Item {
        id: exercise.id,
        lab: exercise.lab,
        kind: exercise.kind.to_string(),
        passed: row.passed(),
        points: row.points(),
        points_possible: exercise.kind.points(),
        could_not_check: row.checked.as_ref().err().map(String::as_str),
        failure: failed.map(|failed| failed.failure),
        sentence: failed.map(|failed| failed.sentence.as_str()),
        schedule: execution.map(|execution| execution.schedule.as_str()),
        timeline: execution.map(|execution| execution.timeline.as_str()),
        replay: again.map(|(execution, seed)| show::replay_line(exercise, execution, seed)),
        diagnostics: graded.and_then(|graded| graded.diagnostics.as_deref()),
        evidence: graded.map_or(&[], |graded| &graded.report.evidence),
        seed,
        took_ms: graded.map(|graded| graded.took.as_millis()),
    }
}
