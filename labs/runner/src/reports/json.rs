//! Everything that was found, as JSON.

use serde::Serialize;
use shmkv_grader::Failure;

use super::{Row, points_of};
use crate::show;

/// The form of the report.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    passed: usize,
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
    /// The name of the failure, for programs; `null` where it passed.
    failure: Option<Failure>,
    /// The same in a sentence.
    sentence: Option<&'a str>,
    schedule: Option<&'a str>,
    timeline: Option<&'a str>,
    /// The line to type to see it again.
    replay: Option<String>,
    diagnostics: Option<&'a str>,
    evidence: &'a [String],
    seed: u64,
    took_ms: u128,
}

/// The report on `rows`.
pub fn to_json(rows: &[Row]) -> String {
    let report = Report {
        version: VERSION,
        passed: rows.iter().filter(|(_, graded)| graded.passed()).count(),
        exercises: rows.len(),
        points: rows.iter().map(points_of).sum(),
        points_possible: rows.iter().map(|(exercise, _)| exercise.kind.points()).sum(),
        results: rows.iter().map(item).collect(),
    };
    let text = serde_json::to_string_pretty(&report);
    // Strings, numbers and lists: nothing in it can fail to be JSON.
    text.unwrap_or_default() + "\n"
}

fn item(row: &Row) -> Item<'_> {
    let (exercise, graded) = row;
    let failed = graded.report.failed.as_ref();
    let execution = failed.and_then(|failed| failed.execution.as_ref());
    Item {
        id: exercise.id,
        lab: exercise.lab,
        kind: exercise.kind.to_string(),
        passed: graded.passed(),
        points: points_of(row),
        points_possible: exercise.kind.points(),
        failure: graded.failure(),
        sentence: failed.map(|failed| failed.sentence.as_str()),
        schedule: execution.map(|execution| execution.schedule.as_str()),
        timeline: execution.map(|execution| execution.timeline.as_str()),
        replay: execution.map(|execution| show::replay_line(exercise, execution, graded.seed)),
        diagnostics: graded.diagnostics.as_deref(),
        evidence: &graded.report.evidence,
        seed: graded.seed,
        took_ms: graded.took.as_millis(),
    }
}
