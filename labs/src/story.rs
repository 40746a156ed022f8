//! Parts of stories that more than one lab tells.

use serde_json::{Value, json};
use shmkv_harness::sim::Search;
use shmkv_harness::{Cell, StressReport, TextTable, in_lines};

use crate::common::Common;
use crate::error::LabError;
use crate::explore::{Case, Claim, explored};
use crate::say;

/// The invariants of several runs of the same kind, with their violations side
/// by side.
pub fn violations_side_by_side(runs: &[(&str, &StressReport)]) -> TextTable {
    let heads = runs.iter().map(|(name, _)| Cell::right(name));
    let mut table =
        TextTable::new([Cell::text("rounds in which it did not hold")].into_iter().chain(heads));
    let rows = runs.first().map_or(&[][..], |(_, run)| &run.invariants);
    for (number, row) in rows.iter().enumerate() {
        let counts = runs.iter().map(|(_, run)| Cell::count(run.invariants[number].violations));
        table.row([Cell::text(&row.name)].into_iter().chain(counts));
    }
    table
}

/// What became of several scenarios, one a line.
pub fn verdicts(runs: &[StressReport]) -> TextTable {
    let mut table = TextTable::new([
        Cell::text("scenario"),
        Cell::right("rounds"),
        Cell::right("failed"),
        Cell::text("the first failure"),
    ]);
    for run in runs {
        table.row([
            Cell::text(&run.scenario),
            Cell::count(run.rounds),
            Cell::count(run.failed_rounds),
            Cell::text(if run.held() { String::new() } else { run.verdict.to_string() }),
        ]);
    }
    table
}

/// Does the `search` on all `cases`, and says how each came out. Returns whether all came out as claimed,
/// and the searches as JSON; where this machine cannot simulate, there are none.
///
/// # Errors
/// Those of the simulator.
pub fn searches(
    common: &Common,
    cases: &[Case],
    search: &Search,
) -> Result<(bool, Vec<Value>), LabError> {
    let mut as_claimed = true;
    let mut documents = Vec::new();
    let width = cases.iter().map(|case| case.name.len()).max().unwrap_or(0);
    for case in cases {
        let Some(search) = explored(common, case, search)? else { break };
        as_claimed &= match case.claim {
            Claim::Fails => search.failed > 0,
            Claim::Holds => search.failed == 0 && search.complete,
        };
        if common.tells() {
            let indent = " ".repeat(width + 4);
            say!("{}", in_lines(&format!("  {:<width$}  {search}", case.name), &indent));
            if let Some(failure) = &search.failure {
                let shortest = format!("{indent}the shortest: {}", failure.verdict);
                say!("{}", in_lines(&shortest, &indent));
            }
        }
        documents.push(json!({ "case": case.name, "search": search }));
    }
    Ok((as_claimed, documents))
}
