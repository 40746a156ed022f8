//! Pauses in the midst of bodies.

use nix::sys::resource::{UsageWho, getrusage};

use super::*;
use crate::runner::Test;
use crate::tests;

pub const TESTS: &[Test] = tests![pauses_fall_within_bodies, without_pauses_nobody_sleeps];

/// How often to look for the pause. Some ms: many times longer than the moment
/// of a pause is away.
const LOOKS: u32 = 20_000;

/// Says whether it was made to sleep while it did nothing of the kind itself.
fn sleeper() -> Scenario<AtomicU64> {
    counter("sleeper").process("worker", |_| {
        let sleeps =
            || getrusage(UsageWho::RUSAGE_SELF).map(|usage| usage.voluntary_context_switches());
        let before = sleeps();
        let slept = (0..LOOKS).any(|_| sleeps() != before);
        if slept { "paused" } else { "went on" }
    })
}

fn pausing(rounds_to_run: u64) -> StressOptions {
    StressOptions { pause_rate: 1.0, ..rounds(rounds_to_run) }
}

/// A pause may miss its body, when the machine is busy; not all of them do.
fn pauses_fall_within_bodies() {
    let report = run(&sleeper(), &pausing(20));
    report.assert_held();
    assert!(report.count("paused") > 0, "{report}");
}

fn without_pauses_nobody_sleeps() {
    let report = run(&sleeper(), &rounds(3));
    assert!(report.count("went on") > 0, "{report}");
}
