//! The points, as GitHub Classroom wants them.
//!
//! Source: what classroom-resources/autograding-grading-reporter reads: a result
//! with the most points there are, and one entry for each test.

use serde::Serialize;

use super::Row;

/// The form that the reporter knows.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Result<'a> {
    version: u32,
    status: &'static str,
    max_score: u32,
    tests: Vec<Test<'a>>,
}

#[derive(Serialize)]
struct Test<'a> {
    name: &'a str,
    status: &'static str,
    score: u32,
    message: String,
    test_code: &'static str,
    filename: String,
    line_no: u32,
    duration: u128,
}

/// The points of `rows`. One that could not be checked is an error, not a failure.
pub fn to_points(rows: &[Row]) -> String {
    let tests = rows.iter().map(|row| {
        let graded = row.checked.as_ref().ok();
        let failed = graded.and_then(|graded| graded.report.failed.as_ref());
        let message = match (&row.checked, failed) {
            (Err(why), _) => format!("could not check: {why}"),
            (_, Some(failed)) => format!("{}. {}", failed.failure, failed.sentence),
            (_, None) => String::new(),
        };
        Test {
            name: row.exercise.id,
            status: status(row),
            score: row.points(),
            message,
            test_code: "",
            filename: row.exercise.file(),
            line_no: 0,
            duration: graded.map_or(0, |graded| graded.took.as_millis()),
        }
    });
    let of_all = |is: &str| rows.iter().any(|row| status(row) == is);
    let result = Result {
        version: VERSION,
        status: ["error", "fail"].into_iter().find(|is| of_all(is)).unwrap_or("pass"),
        max_score: rows.iter().map(|row| row.exercise.kind.points()).sum(),
        tests: tests.collect(),
    };
    // Strings, numbers and lists: nothing in it can fail to be JSON.
    serde_json::to_string_pretty(&result).unwrap_or_default() + "\n"
}

fn status(row: &Row) -> &'static str {
    match (&row.checked, row.passed()) {
        (Err(_), _) => "error",
        (Ok(_), true) => "pass",
        (Ok(_), false) => "fail",
    }
}
