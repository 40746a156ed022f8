//! What reports say, as values, as JSON and as text.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::{Grade, Verdict};

use super::*;
use crate::runner::Test;
use crate::tests;

pub const TESTS: &[Test] = tests![
    invariants_are_counted_each,
    invariant_that_panics_is_named,
    unforeseen_outcome_is_forbidden,
    report_as_json_has_its_fields,
    report_as_text_has_its_parts,
    many_outcomes_are_all_counted_and_some_shown,
];

fn invariants_are_counted_each() {
    let scenario = counter("three invariants")
        .process("worker", |count| count.store(5, Relaxed))
        .invariant("holds", |_| Ok(()))
        .invariant("never holds", |_| Err("as expected".into()))
        .invariant("is five", |end| {
            (end.shared.load(Relaxed) == 5).then_some(()).ok_or("it is not".into())
        });
    let report = run(&scenario, &StressOptions { stop_at_failure: false, ..rounds(10) });
    let violations = |name| report.violations(name);
    assert_eq!((violations("holds"), violations("never holds"), violations("is five")), (0, 10, 0));
    let first = report.invariants[1].first.as_ref().expect("a violation");
    assert_eq!((first.round, first.detail.as_str()), (0, "as expected"));
}

fn invariant_that_panics_is_named() {
    let scenario = counter("bad invariant")
        .process("worker", |_| ())
        .invariant("sound", |_| panic!("cannot say"));
    let verdict = run(&scenario, &rounds(3)).verdict;
    let Verdict::Panicked { process, message } = verdict else { panic!("{verdict:?}") };
    assert_eq!(process, "invariant sound");
    assert!(message.starts_with("cannot say, at "), "{message}");
}

fn unforeseen_outcome_is_forbidden() {
    let scenario = counter("outcomes").process("worker", |_| "B").expect(
        "A",
        Grade::Acceptable,
        "the only one foreseen",
    );
    let report = run(&scenario, &rounds(3));
    let detail = "B (not foreseen)".into();
    assert_eq!(report.verdict, Verdict::Violated { invariant: "outcome".into(), detail });
    let rows: Vec<_> =
        report.outcomes.iter().map(|row| (row.outcome.as_str(), row.grade, row.count)).collect();
    assert_eq!(rows, [("A", Grade::Acceptable, 0), ("B", Grade::Forbidden, 1)]);
}

/// What varies is removed; everything else is compared.
fn report_as_json_has_its_fields() {
    let scenario = counter("json")
        .process("adder", |count| count.fetch_add(1, Relaxed))
        .process("panicker", |_| -> () { panic!("always") })
        .invariant("holds", |_| Ok(()))
        .outcome(|end| end.shared.load(Relaxed).to_string())
        .expect("1", Grade::Interesting, "one adds");
    let report = run(&scenario, &rounds(5));
    let mut json = serde_json::to_value(&report).expect("JSON");
    let message = json["message"].take();
    assert!(message.as_str().is_some_and(|text| text.starts_with("always, at ")), "{message}");
    assert!(json["elapsed_ms"].take().as_f64() > Some(0.0));
    assert!(json["rounds_per_second"].take().as_f64() > Some(0.0));
    json["first_failure"]["message"].take();
    json["first_failure"]["processes"][1]["message"].take();
    assert_eq!(
        json,
        serde_json::json!({
            "scenario": "json",
            "seed": 1,
            "rounds": 1,
            "elapsed_ms": null,
            "rounds_per_second": null,
            "outcomes": [{
                "outcome": "1", "grade": "interesting", "reason": "one adds",
                "count": 1, "failed": 1, "share": 1.0,
            }],
            "invariants": [{ "name": "holds", "violations": 0, "first": null }],
            "ends": {
                "returned": 1, "panicked": 1, "killed": 0, "signalled": 0, "exited": 0,
                "timed_out": 0,
            },
            "recoveries": 0,
            "names_checked": true,
            "failed_rounds": 1,
            "verdict": "panicked",
            "process": "panicker",
            "message": null,
            "first_failure": {
                "seed": 1,
                "round": 0,
                "verdict": "panicked",
                "process": "panicker",
                "message": null,
                "outcome": "1",
                "processes": [
                    { "name": "adder", "end": "returned", "value": "0" },
                    { "name": "panicker", "end": "panicked", "message": null },
                ],
            },
        })
    );
}

fn report_as_text_has_its_parts() {
    let scenario = counter("text")
        .process("worker", |_| "B")
        .invariant("never holds", |_| Err("as expected".into()))
        .expect("A", Grade::Acceptable, "foreseen")
        .expect("B", Grade::Interesting, "odd");
    let report = run(&scenario, &StressOptions { stop_at_failure: false, ..rounds(2) });
    let text = report.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "text: violated: never holds: as expected");
    assert!(lines[1].starts_with("2 rounds in ") && lines[1].ends_with(", seed 1"), "{text}");
    assert_eq!(
        lines[2..],
        [
            "",
            "outcome  grade        count  failed     share  reason",
            "A        acceptable       0       0    0.00 %  foreseen",
            "B        interesting      2       2  100.00 %  odd",
            "",
            "invariant    broken  first  found",
            "never holds       2      0  as expected",
            "",
            "ends: returned 2",
            "",
            "first failure: round 0 of seed 1: violated: never holds: as expected",
            "  worker returned B",
            "2 rounds did not hold",
        ],
        "{text}"
    );
    assert!(report.render(true).contains("\u{1b}["), "colours where they are wanted");
}

/// A worker that counts its rounds words each one anew.
fn many_outcomes_are_all_counted_and_some_shown() {
    static ROUNDS: AtomicU32 = AtomicU32::new(0);
    let scenario = counter("many outcomes")
        .process("worker", |_| ROUNDS.fetch_add(1, Relaxed).saturating_sub(5));
    let report = run(&scenario, &rounds(1_500));
    assert_eq!(report.count("0"), 6);
    assert_eq!(report.count("(other outcomes)"), 1_500 - 6 - 999);
    let counted: u64 = report.outcomes.iter().map(|row| row.count).sum();
    assert_eq!((counted, report.outcomes.len()), (1_500, 1_001));

    let text = report.to_string();
    let first_rows: Vec<&str> =
        text.lines().skip(4).take(2).filter_map(|line| line.split("  ").next()).collect();
    assert_eq!(first_rows, ["(other outcomes)", "0"], "most frequent first:\n{text}");
    assert!(text.contains("\nand 981 outcomes seen less often\n"), "{text}");
}
