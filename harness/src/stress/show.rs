//! A stress report as text: verdict, outcomes, invariants, ends, first failure.

use std::fmt;

use super::report::{EndCounts, Failure, OutcomeRow, StressReport};
use crate::scenario::ProcessEnd;
use crate::table::{
    COLUMNS, Cell, TextTable, grade_style, paint, per_cent, thousands, verdict_style,
};

/// How many outcomes are shown that were not foreseen.
const SHOWN: usize = 20;

impl StressReport {
    /// The report as lines for a terminal; see [`colour_on`](crate::colour_on).
    pub fn render(&self, colour: bool) -> String {
        self.render_within(COLUMNS, colour)
    }

    /// The same with tables of at most so many `columns`.
    pub fn render_within(&self, columns: usize, colour: bool) -> String {
        let verdict = paint(&self.verdict.to_string(), verdict_style(&self.verdict), colour);
        let mut parts = vec![format!("{}: {verdict}\n{}", self.scenario, self.rounds_line())];
        if !self.outcomes.is_empty() {
            parts.push(self.outcome_table().render_within(columns, colour) + &self.unshown_line());
        }
        if !self.invariants.is_empty() {
            parts.push(self.invariant_table().render_within(columns, colour));
        }
        parts.push(format!("ends: {}\n", self.ends));
        if !self.names_checked {
            parts.push("not every segment that may have been left behind was looked for\n".into());
        }
        if let Some(failure) = &self.first_failure {
            parts.push(failure_lines(failure, self.failed_rounds));
        }
        parts.join("\n")
    }

    fn rounds_line(&self) -> String {
        format!(
            "{} rounds in {:.2} s, {} per second, seed {}\n",
            thousands(self.rounds),
            self.elapsed.as_secs_f64(),
            thousands(self.rounds_per_second.round() as u64),
            self.seed
        )
    }

    /// The outcomes, with grade, count, how many of these failed, share and reason:
    /// all that were foreseen, and of the others the 20 that were seen most often.
    pub fn outcome_table(&self) -> TextTable {
        let mut table = TextTable::new([
            Cell::text("outcome"),
            Cell::text("grade"),
            Cell::right("count"),
            Cell::right("failed"),
            Cell::right("share"),
            Cell::text("reason"),
        ]);
        for row in self.shown_outcomes() {
            // What was not seen is not worth a colour.
            let grade = Cell::text(row.grade.word());
            table.row([
                Cell::text(&row.outcome),
                if row.count == 0 { grade } else { grade.styled(grade_style(row.grade)) },
                Cell::count(row.count),
                Cell::count(row.failed),
                Cell::right(per_cent(row.share)),
                Cell::text(&row.reason),
            ]);
        }
        table
    }

    fn shown_outcomes(&self) -> impl Iterator<Item = &OutcomeRow> {
        let (foreseen, others) = self.outcomes.split_at(self.foreseen);
        let mut others: Vec<&OutcomeRow> = others.iter().collect();
        // Stable: what was seen equally often stays in the order in which it came.
        others.sort_by_key(|row| std::cmp::Reverse(row.count));
        foreseen.iter().chain(others.into_iter().take(SHOWN))
    }

    fn unshown_line(&self) -> String {
        match self.outcomes.len() - self.shown_outcomes().count() {
            0 => String::new(),
            unshown => format!("and {} outcomes seen less often\n", thousands(unshown as u64)),
        }
    }

    /// The invariants, with in how many rounds each was broken, and the first of these.
    pub fn invariant_table(&self) -> TextTable {
        let mut table = TextTable::new([
            Cell::text("invariant"),
            Cell::right("broken"),
            Cell::right("first"),
            Cell::text("found"),
        ]);
        for row in &self.invariants {
            let first = row.first.as_ref();
            table.row([
                Cell::text(&row.name),
                Cell::count(row.violations),
                first.map_or_else(Cell::default, |first| Cell::count(first.round)),
                Cell::text(first.map_or("", |first| &first.detail)),
            ]);
        }
        table
    }
}

impl fmt::Display for StressReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

fn failure_lines(failure: &Failure, failed_rounds: u64) -> String {
    let mut lines = format!(
        "first failure: round {} of seed {}: {}\n",
        failure.round, failure.seed, failure.verdict
    );
    for process in &failure.processes {
        lines += &format!("  {} {}\n", process.name, process.end);
    }
    if failed_rounds > 1 {
        lines += &format!("{} rounds did not hold\n", thousands(failed_rounds));
    }
    lines
}

impl fmt::Display for EndCounts {
    /// `returned 39,998, killed 2`: what did not happen is not named.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = [
            ("returned", self.returned),
            ("panicked", self.panicked),
            ("killed", self.killed),
            ("signalled", self.signalled),
            ("exited", self.exited),
            ("timed out", self.timed_out),
        ];
        let seen = counts.iter().filter(|(_, count)| *count != 0);
        let words: Vec<String> =
            seen.map(|(word, count)| format!("{word} {}", thousands(*count))).collect();
        f.write_str(&words.join(", "))
    }
}

impl fmt::Display for ProcessEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returned { value } if value.is_empty() => f.write_str("returned"),
            Self::Returned { value } => write!(f, "returned {value}"),
            Self::Panicked { message } => write!(f, "panicked: {message}"),
            Self::Killed => f.write_str("was killed, as planned"),
            Self::Signalled { signal } => write!(f, "was ended by {signal}"),
            Self::Exited { status } => write!(f, "called exit({status})"),
            Self::TimedOut => f.write_str("did not end in time"),
        }
    }
}
