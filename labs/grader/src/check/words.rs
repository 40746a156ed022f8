//! What a search is to a learner: so many orders of steps that were tried.

use shmkv_harness::sim::{SearchReport, Strategy};
use shmkv_harness::thousands;

/// What holds of all that was found by a search through all orders.
pub(super) const MEMORY_MODEL: &str =
    "An order is of the accesses to shared memory, each process's in program order.";

/// What a search through the orders of steps in `situation` has shown of functions.
pub(super) fn searched(situation: &str, report: &SearchReport) -> String {
    let tried = thousands(report.schedules);
    if report.failed > 0 {
        let which = match report.schedules {
            1 => "the first order of steps".to_owned(),
            _ => format!("order {tried} of those that were tried"),
        };
        return format!("{situation}: {which} shows the fault, and the search ended there.");
    }
    if let Some(turns) = report.spins_cut {
        return format!(
            "{situation}: no fault in {} in which nobody polls more than {turns} times{}.",
            orders(report),
            within(report)
        );
    }
    if !report.complete {
        return format!("{situation}: no fault in the first {tried} orders of steps.");
    }
    if report.schedules == 1 {
        return format!("{situation}: no fault in the only order of steps there is.");
    }
    format!("{situation}: no fault in all {}{}.", orders(report), within(report))
}

/// `searched`, and what `run` orders of steps, drawn at random, have shown beyond it.
pub(super) fn drawn(situation: &str, searched: String, run: u64, fault: bool) -> String {
    let number = thousands(run);
    match (searched.is_empty(), fault) {
        (false, false) => format!("{searched} Nor in {number} beyond that, drawn at random."),
        (false, true) => {
            format!("{searched} Of others, drawn at random, the fault is in number {number}.")
        }
        (true, false) => {
            format!("{situation}: no fault in {number} orders of steps drawn at random.")
        }
        (true, true) => {
            format!("{situation}: order {number} of those drawn at random shows the fault.")
        }
    }
}

/// How many orders of steps there are, and in how far they differ.
pub(super) fn orders(report: &SearchReport) -> String {
    let run = thousands(report.schedules);
    match report.without_reduction.filter(|all| *all > report.schedules.into()) {
        Some(all) => format!("{run} orders of steps that differ (of {})", thousands(all)),
        None => format!("{run} orders of steps"),
    }
}

/// The bounds of a search: `, with at most 2 preemptions and one kill`.
pub(super) fn within(report: &SearchReport) -> String {
    let mut bounds = Vec::new();
    if let Strategy::Exhaustive { preemptions: Some(most) } = report.strategy {
        bounds.push(match most {
            0 => "no preemption".to_owned(),
            1 => "at most 1 preemption".to_owned(),
            most => format!("at most {most} preemptions"),
        });
    }
    match report.kills {
        0 => {}
        1 => bounds.push("a kill at each step".into()),
        most => bounds.push(format!("up to {most} kills")),
    }
    if report.early_timeouts {
        bounds.push("timed waits that end early".into());
    }
    match bounds.split_last() {
        None => String::new(),
        Some((last, [])) => format!(", with {last}"),
        Some((last, first)) => format!(", with {} and {last}", first.join(", ")),
    }
}
