//! Output as wide as the terminal, and coloured where that is wanted.
//!
//! Limits: sentences keep to 80 columns; wider lines are hard to read.

use console::Term;
use shmkv_harness::sim::Timeline;
use shmkv_harness::{COLUMNS, StressReport, TextTable, colour_on};

/// How narrow tables and timelines become, in characters. A narrower terminal breaks
/// their lines.
const NARROWEST: usize = 60;

/// How many columns there are for tables and timelines: those of the terminal, at least
/// 60; 80 where the output is not a terminal, or the terminal has no size.
fn columns() -> usize {
    let size = Term::stdout().size_checked();
    size.map_or(COLUMNS, |(_, columns)| usize::from(columns).max(NARROWEST))
}

/// A table.
pub fn table(table: &TextTable) -> String {
    table.render_within(columns(), colour_on(&std::io::stdout()))
}

/// The report of a stress run.
pub fn report(report: &StressReport) -> String {
    report.render_within(columns(), colour_on(&std::io::stdout()))
}

/// A timeline.
pub fn timeline(timeline: &Timeline) -> String {
    timeline.in_columns(columns())
}
