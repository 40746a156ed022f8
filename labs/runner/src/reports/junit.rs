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
    for suite in rows.chunk_by(|(one, _), (other, _)| one.lab == other.lab) {
        add_suite(&mut suites, suite);
    }
    let totals = totals(rows);
    text += &format!("<testsuites name=\"labs\" {totals}>\n{suites}</testsuites>\n");
    text
}

fn totals(rows: &[Row]) -> String {
    let failures = rows.iter().filter(|(_, graded)| !graded.passed()).count();
    let seconds: f64 = rows.iter().map(|(_, graded)| graded.took.as_secs_f64()).sum();
    format!("tests=\"{}\" failures=\"{failures}\" time=\"{seconds:.3}\"", rows.len())
}

fn add_suite(text: &mut String, rows: &[Row]) {
    let lab = rows.first().map_or(0, |(exercise, _)| exercise.lab);
    *text += &format!("  <testsuite name=\"lab-{lab}\" {}>\n", totals(rows));
    for (exercise, graded) in rows {
        let (id, seconds) = (escape(exercise.id), graded.took.as_secs_f64());
        let head =
            format!("    <testcase classname=\"lab-{lab}\" name=\"{id}\" time=\"{seconds:.3}\"");
        let Some(failed) = &graded.report.failed else {
            *text += &format!("{head}/>\n");
            continue;
        };
        let (kind, sentence) = (failed.failure.words(), escape(&failed.sentence));
        let mut detail = String::new();
        if let Some(diagnostics) = &graded.diagnostics {
            detail += diagnostics;
        }
        if let Some(execution) = &failed.execution {
            detail += &execution.timeline;
            detail += &show::replay_line(exercise, execution, graded.seed);
        }
        let detail = escape(&detail);
        *text += &format!(
            "{head}>\n      <failure type=\"{kind}\" message=\"{sentence}\">{detail}</failure>\n    \
             </testcase>\n"
        );
    }
    *text += "  </testsuite>\n";
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
