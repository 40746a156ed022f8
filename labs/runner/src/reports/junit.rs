//! A JUnit report: one suite a lab, one case an exercise.
//!
//! Source: the form that Jenkins and GitLab read; there is no standard.

use std::fmt::Write;

use super::Row;
use crate::show;

/// The report on `rows`, which are in the order of the labs.
pub fn to_junit(rows: &[Row]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let mut suites = String::new();
    for suite in rows.chunk_by(|one, other| one.exercise.lab == other.exercise.lab) {
        add_suite(&mut suites, suite);
    }
    let totals = totals(rows);
    text += &format!("<testsuites name=\"labs\" {totals}>\n{suites}</testsuites>\n");
    text
}

fn totals(rows: &[Row]) -> String {
    let checked = || rows.iter().filter_map(|row| row.checked.as_ref().ok());
    let failures = checked().filter(|graded| !graded.passed()).count();
    let errors = rows.len() - checked().count();
    let seconds: f64 = checked().map(|graded| graded.took.as_secs_f64()).sum();
    let tests = rows.len();
    format!("tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" time=\"{seconds:.3}\"")
}

fn add_suite(text: &mut String, rows: &[Row]) {
    let lab = rows.first().map_or(0, |row| row.exercise.lab);
    *text += &format!("  <testsuite name=\"lab-{lab}\" {}>\n", totals(rows));
    for row in rows {
        let seconds = row.checked.as_ref().map_or(0.0, |graded| graded.took.as_secs_f64());
        let id = escape(row.exercise.id);
        let head =
            format!("    <testcase classname=\"lab-{lab}\" name=\"{id}\" time=\"{seconds:.3}\"");
        match body(row) {
            Some(body) => *text += &format!("{head}>\n      {body}\n    </testcase>\n"),
            None => *text += &format!("{head}/>\n"),
        }
    }
    *text += "  </testsuite>\n";
}

/// What is said of an exercise that has not passed.
fn body(row: &Row) -> Option<String> {
    let graded = match &row.checked {
        Ok(graded) => graded,
        // As the form has it: a test that could not be carried out.
        Err(why) => {
            let why = escape(why);
            return Some(format!("<error type=\"could not check\" message=\"{why}\"/>"));
        }
    };
    let failed = graded.report.failed.as_ref()?;
    let (kind, sentence) = (failed.failure.words(), escape(&failed.sentence));
    let mut detail = graded.diagnostics.clone().unwrap_or_default();
    if let Some(execution) = &failed.execution {
        detail += &execution.timeline;
        detail += &show::replay_line(row.exercise, execution, graded.seed);
    }
    let detail = escape(&detail);
    Some(format!("<failure type=\"{kind}\" message=\"{sentence}\">{detail}</failure>"))
}

/// `text` as it may stand in an element or between quotation marks.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        let written = match character {
            '&' => escaped.write_str("&amp;"),
            '<' => escaped.write_str("&lt;"),
            '>' => escaped.write_str("&gt;"),
            '"' => escaped.write_str("&quot;"),
            '\n' | '\t' => escaped.write_char(character),
            // XML 1.0 has no way to write these.
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.write_char('\u{fffd}'),
            _ => escaped.write_char(character),
        };
        debug_assert!(written.is_ok(), "writing to a string");
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_what_xml_cannot_hold_is_replaced() {
        assert_eq!(escape("a < b && \"c\""), "a &lt; b &amp;&amp; &quot;c&quot;");
        assert_eq!(escape("\u{1b}[31mred\n"), "\u{fffd}[31mred\n");
    }
}
