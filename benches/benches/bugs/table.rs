//! The cells as a table for people, and as rows for programs.

use serde::Serialize;
use shmkv_bugs::{Mean, Program};
use shmkv_harness::{Cell, TextTable, thousands};

use crate::cell::{Column, Limits, Needed};

/// One cell, with what there is to compare it with.
#[derive(Serialize)]
struct Entry {
    strategy: &'static str,
    #[serde(flatten)]
    needed: Needed,
    published: Mean,
}

/// One program.
#[derive(Serialize)]
pub struct Row {
    program: &'static str,
    processes: usize,
    /// Within what its repaired form is searched to the end.
    bound: String,
    entries: Vec<Entry>,
}

/// One row for each program; `needed` has the cells of all, in order.
pub fn rows(programs: &[Program], needed: Vec<Needed>) -> Vec<Row> {
    let mut needed = needed.into_iter();
    let row = |program: &Program| Row {
        program: program.name,
        processes: program.processes,
        bound: program.bound.to_string(),
        entries: Column::ALL
            .into_iter()
            .zip(needed.by_ref())
            .map(|(column, needed)| Entry {
                strategy: column.name(),
                needed,
                published: column.published(program),
            })
            .collect(),
    };
    programs.iter().map(row).collect()
}

/// Both halves of the table, each with its legend.
pub fn render(rows: &[Row], limits: &Limits, colour: bool) -> String {
    let (sampled, exhaustive) = (sampled(rows).render(colour), exhaustive(rows).render(colour));
    format!(
        "{sampled}\nSchedules up to and with the first that fails, mean of {} seeds, at most {} \
         each; in brackets the\npublished mean. >: not every seed found it; those that did not \
         count as far as they came.\n*: stopped after {} schedules, before all seeds ran.\n\n{exhaustive}\n\
         All schedules within a bound, those that cost less first: up to and with the first that \
         fails.\nnone in N: there are no more than N, and none fails. repaired: without the bug, within what\nthe last column says.\n",
        limits.seeds,
        thousands(limits.cap),
        thousands(limits.budget)
    )
}

fn sampled(rows: &[Row]) -> TextTable {
    let samples = || Column::ALL.into_iter().filter(|column| column.samples());
    let mut heads = vec![Cell::text("program"), Cell::right("processes")];
    heads.extend(samples().flat_map(|column| [Cell::right(column.name()), Cell::text("")]));
    let mut table = TextTable::new(heads);
    for row in rows {
        let mut cells = vec![Cell::text(row.program), Cell::count(row.processes as u64)];
        for entry in &row.entries[..samples().count()] {
            cells.push(Cell::right(worded(&entry.needed)));
            cells.push(Cell::text(format!("({})", entry.published)));
        }
        table.row(cells);
    }
    table
}

fn exhaustive(rows: &[Row]) -> TextTable {
    let first = Column::ALL.into_iter().filter(|column| column.samples()).count();
    let mut heads = vec![Cell::text("program")];
    heads.extend(Column::ALL[first..].iter().map(|column| Cell::right(column.name())));
    heads.push(Cell::text("within"));
    let mut table = TextTable::new(heads);
    for row in rows {
        let mut cells = vec![Cell::text(row.program)];
        cells.extend(row.entries[first..].iter().map(|entry| Cell::right(worded(&entry.needed))));
        let bound = row.bound.trim_start_matches("all schedules with at most ");
        cells.push(Cell::text(bound));
        table.row(cells);
    }
    table
}

/// The mean, with what there is to say about it.
fn worded(needed: &Needed) -> String {
    let mean = if needed.mean < 10.0 && needed.seeds > 1 {
        format!("{:.1}", needed.mean)
    } else {
        thousands(needed.mean.round() as u64)
    };
    let mark = if needed.cut_short { "*" } else { "" };
    if needed.complete && needed.missed > 0 {
        format!("none in {mean}")
    } else if needed.missed > 0 {
        format!(">{mean}{mark}")
    } else {
        format!("{mean}{mark}")
    }
}
