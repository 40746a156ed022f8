//! The book's figures, chapter by chapter.

use std::time::Duration;

use shmkv_harness::sim::Search;
use shmkv_harness::{Scenario, Shared, StressOptions};
use shmkv_labs::lab_3_readers::{self as readers, Reading};
use shmkv_labs::lab_3_writers::{self as writers, Writing};
use shmkv_labs::story::{verdicts, violations_side_by_side};
use shmkv_labs::{lab_1, lab_2, lab_2_wrong, lab_3, lab_4};

use super::{lost_update, transfer};
use crate::{BookError, Figures, Sources};

/// Makes all figures.
pub fn all(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    why(figures, sources)?;
    lab_1(figures, sources)?;
    lab_2(figures, sources)?;
    lab_3(figures, sources)?;
    lab_4(figures)?;
    simulator(figures)?;
    your_code(figures)
}

fn why(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let lines = [sources.excerpt("book/builder/figures/lost_update.rs:body")?];
    figures.playable("lost-update", lost_update::scenario(), "violated: both", &lines)?;
    let rounds = StressOptions { rounds: 5_000, stop_at_failure: false, ..Default::default() };
    let report = figures.stressed("lost-update", &lost_update::graded(), &rounds)?;
    figures.printed("lost-update", report.to_string());
    Ok(())
}

/// Stress as the labs do it.
fn paused(rounds: u64) -> StressOptions {
    StressOptions { rounds, pause_rate: 0.5, stop_at_failure: false, ..Default::default() }
}

/// `scenario` with the one of its invariants that a figure is about.
fn about<T: Shared>(mut scenario: Scenario<T>, invariant: &str) -> Scenario<T> {
    scenario.invariants.retain(|kept| kept.name == invariant);
    assert_eq!(scenario.invariants.len(), 1, "{} has no {invariant:?}", scenario.name);
    scenario
}

fn lab_1(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let name = "lab-1/damage";
    let race = figures.stressed(name, &lab_1::scenario(4, 2), &paused(2_000))?;
    figures.printed(name, race.invariant_table().render(false));

    let lines = [
        sources.excerpt("labs/src/lab_1.rs:set")?,
        sources.excerpt("labs/src/lab_1.rs:find")?,
        sources.excerpt("labs/src/table.rs:write")?,
    ];
    for (name, invariant, wanted) in [
        ("lab-1/lost-update", "version counts every set", "violated: version"),
        ("lab-1/same-slot", "every key that was set is there", "violated: every key"),
    ] {
        figures.of_lab(name, "lab-1", "one-set");
        figures.playable(name, about(lab_1::scenario(2, 1), invariant), wanted, &lines)?;
    }

    let two = Search::exhaustive(2);
    for (name, invariant, wanted) in [
        ("lab-1/torn", "every value is of one writer", "violated: every value"),
        ("lab-1/count", "count is that of the occupied slots", "violated: count"),
    ] {
        figures.of_lab(name, "lab-1", "one-set");
        figures.searched(name, &about(lab_1::scenario(2, 1), invariant), &two, wanted)?;
    }
    let name = "lab-1/twice";
    figures.of_lab(name, "lab-1", "two-sets");
    let twice = about(lab_1::scenario(2, 2), "no key is in two slots");
    figures.searched(name, &twice, &two, "violated: no key")?;
    figures.searched("lab-1/all", &lab_1::scenario(2, 1), &Search::unbounded(), "violated")
}

fn lab_2(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let name = "lab-2/damage";
    let without = figures.stressed(name, &lab_1::scenario(4, 2), &paused(500))?;
    let with = figures.stressed(name, &lab_2::scenario(4, 2), &paused(500))?;
    let columns = [("without", &without), ("with semaphore", &with)];
    figures.printed(name, violations_side_by_side(&columns).render(false));
    figures.searched("lab-2/all", &lab_2::scenario(2, 1), &Search::exhaustive(2), "held")?;

    let name = "lab-2/wrong";
    let patient = StressOptions { stop_at_failure: true, ..paused(1_000) };
    let hasty = StressOptions { deadline: Duration::from_millis(200), ..patient.clone() };
    let wrong = [
        figures.stressed(name, &lab_2_wrong::unlocked_reader(50, 50), &patient)?,
        figures.stressed(name, &lab_2_wrong::early_return(2), &hasty)?,
        figures.stressed(name, &lab_2_wrong::check_then_act(4, 2), &patient)?,
    ];
    figures.printed(name, verdicts(&wrong).render(false));

    let name = "lab-2/unlocked-reader";
    let lines = [sources.excerpt("labs/src/table.rs:write")?];
    figures.of_lab(name, "lab-2", "unlocked-reader");
    figures.playable(name, lab_2_wrong::unlocked_reader(1, 1), "violated: the reader", &lines)?;

    let name = "lab-2/early-return";
    let lines = [
        sources.excerpt("labs/src/lab_2_wrong.rs:insert")?,
        sources.excerpt("labs/src/lab_2_wrong.rs:fill")?,
    ];
    figures.playable(name, lab_2_wrong::early_return_to_a_known_key(), "deadlock", &lines)?;

    let name = "lab-2/check-then-act";
    figures.of_lab(name, "lab-2", "check-then-act");
    let race = lab_2_wrong::check_then_act(2, 1);
    figures.searched(name, &race, &Search::exhaustive(2), "violated: every key")
}

fn lab_3(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let name = "lab-3/copies";
    let mut copies = Vec::new();
    for reading in Reading::ALL {
        copies.push(figures.stressed(name, &readers::scenario(reading, 100, 100), &paused(200))?);
    }
    figures.printed(name, verdicts(&copies).render(false));

    let name = "lab-3/sums";
    let mut sums = Vec::new();
    for writing in Writing::ALL {
        sums.push(figures.stressed(name, &writers::scenario(writing, 4, 20), &paused(200))?);
    }
    figures.printed(name, verdicts(&sums).render(false));

    let name = "lab-3/version-first";
    let lines = [
        sources.excerpt("labs/src/lab_3_readers.rs:copy")?,
        sources.excerpt("labs/src/lab_3.rs:change")?,
    ];
    figures.of_lab(name, "lab-3", "version-first");
    let torn = readers::scenario(Reading::VersionFirst, 1, 1);
    figures.playable(name, torn, "violated: every copy", &lines)?;

    for case in lab_3::cases() {
        let wanted = match case.claim {
            shmkv_labs::explore::Claim::Fails => "violated",
            shmkv_labs::explore::Claim::Holds => "held",
        };
        if case.name != "version-first" {
            let name = format!("lab-3/{}", case.name);
            figures.of_lab(&name, "lab-3", case.name);
            figures.searched(&name, &*case.scenario, &Search::exhaustive(2), wanted)?;
        }
    }
    Ok(())
}

fn lab_4(figures: &mut Figures) -> Result<(), BookError> {
    for case in lab_4::cases() {
        let name = format!("lab-4/{}", case.name);
        figures.searched(&name, &*case.scenario, &Search::exhaustive(1), "held")?;
    }
    Ok(())
}

fn simulator(figures: &mut Figures) -> Result<(), BookError> {
    let (locked, unlocked) = (transfer::locked(), transfer::unlocked());
    figures.replayed("lock-waits", &locked, "0*3,1", "held")?;
    figures.searched("all-schedules", &locked, &Search::unbounded(), "held")?;
    figures.searched("few-preemptions", &unlocked, &Search::exhaustive(1), "violated")?;
    figures.replayed("killed-owner", &locked, "0*3,0!", "deadlock")
}

fn your_code(figures: &mut Figures) -> Result<(), BookError> {
    figures.searched("transfers", &transfer::unlocked(), &Search::unbounded(), "violated")?;
    figures.searched("locked-transfers", &transfer::locked(), &Search::unbounded(), "held")
}
