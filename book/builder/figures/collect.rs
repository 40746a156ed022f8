//! The book's figures, chapter by chapter.

use std::time::Duration;

use shmkv_harness::sim::Search;
use shmkv_harness::{Scenario, Shared, StressOptions, thousands};
use shmkv_labs::explore::lab_search;
use shmkv_labs::lab_2::{self, wrong};
use shmkv_labs::lab_3::readers::{self, Reading};
use shmkv_labs::lab_3::writers::{self, Writing};
use shmkv_labs::story::{verdicts, violations_side_by_side};
use shmkv_labs::{lab_1, lab_3, lab_4};

use super::{lost_update, transfer, variants};
use crate::{BookError, Figures, Sources};

/// Makes all figures.
pub fn all(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    why(figures, sources)?;
    lab_1(figures, sources)?;
    lab_2(figures, sources)?;
    lab_3(figures, sources)?;
    lab_4(figures)?;
    simulator(figures)
}

fn why(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let lines = [sources.excerpt("book/builder/figures/lost_update.rs:body")?];
    figures.playable("lost-update", lost_update::scenario(), "violated: both", &lines)?;
    let (read, lost) = ("load visits = 0", "store visits 1 → 1");
    figures.has_steps("lost-update", &[read, read, "store visits 0 → 1", lost])?;
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

/// A search for the first failure, which has the fewest preemptions.
fn first() -> Search {
    Search::exhaustive(2).stop_at_first_failure(true)
}

fn lab_1(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let name = "lab-1/damage";
    let race = figures.stressed(name, &lab_1::scenario(4, 2), &paused(2_000))?;
    let [rounds, failed] = [race.rounds, race.failed_rounds].map(thousands);
    let table = race.invariant_table().render(false);
    figures.printed(name, format!("{rounds} rounds, of which {failed} failed\n\n{table}"));

    figures.searched("lab-1/all", &lab_1::scenario(2, 1), &lab_search(), "violated")?;
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

    for (name, invariant, wanted) in [
        ("lab-1/torn", "every value is of one writer", "violated: every value"),
        (
            "lab-1/count",
            "count is that of the occupied slots",
            "violated: count is that of the occupied slots: count is 1, and 2 slots",
        ),
    ] {
        figures.of_lab(name, "lab-1", "one-set");
        figures.searched(name, &about(lab_1::scenario(2, 1), invariant), &first(), wanted)?;
    }
    let torn = ["\"by 0by 0by 0by 0\"", "store slots[0].key", "store slots[0].value[12..16]"];
    figures.has_steps("lab-1/torn", &torn)?;
    let name = "lab-1/twice";
    figures.of_lab(name, "lab-1", "two-sets");
    let twice = about(lab_1::scenario(2, 2), "no key is in two slots");
    figures.searched(name, &twice, &first(), "violated: no key")?;

    let name = "lab-1/backwards";
    figures.of_lab(name, "lab-1", "two-sets");
    let backwards = about(lab_1::scenario(2, 2), "version counts every set");
    figures.replayed(
        name,
        &backwards,
        "0,1",
        "violated: version counts every set: version is 2",
    )?;
    figures.has_steps(name, &["load version = 0", "store version 1 → 2", "store version 2 → 1"])?;
    figures.searched("lab-1/fetch-add", &variants::fetch_add(), &first(), "violated: every key")
}

fn lab_2(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let name = "lab-2/damage";
    let without = figures.stressed(name, &lab_1::scenario(4, 2), &paused(500))?;
    let with = figures.stressed(name, &lab_2::scenario(4, 2), &paused(500))?;
    let columns = [("without", &without), ("with semaphore", &with)];
    figures.printed(name, violations_side_by_side(&columns).render(false));
    figures.searched("lab-2/all", &lab_2::scenario(2, 1), &lab_search(), "held")?;

    let name = "lab-2/wrong";
    let patient = StressOptions { stop_at_failure: true, ..paused(1_000) };
    let hasty = StressOptions { deadline: Duration::from_millis(200), ..patient.clone() };
    let wrong = [
        figures.stressed(name, &wrong::unlocked_reader(50, 50), &patient)?,
        figures.stressed(name, &wrong::early_return(2), &hasty)?,
        figures.stressed(name, &wrong::check_then_act(4, 2), &patient)?,
    ];
    figures.printed(name, verdicts(&wrong).render(false));
    lab_2_executions(figures, sources)
}

fn lab_2_executions(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let name = "lab-2/unlocked-reader";
    figures.of_lab(name, "lab-2", "unlocked-reader");
    let unlocked = wrong::unlocked_reader(1, 1);
    figures.searched(name, &unlocked, &first(), "violated: the reader")?;

    let name = "lab-2/early-return";
    let lines = [
        sources.excerpt("labs/src/lab_2/wrong.rs:insert")?,
        sources.excerpt("labs/src/lab_2/wrong.rs:fill")?,
    ];
    let known = wrong::early_return_to_a_known_key();
    figures.playable(name, known, "deadlock: b waits on lock.value, taken by a", &lines)?;

    let name = "lab-2/check-then-act";
    figures.of_lab(name, "lab-2", "check-then-act");
    let race = wrong::check_then_act(2, 1);
    figures.searched(name, &race, &first(), "violated: every key")?;

    // What the chapter's answers say of `set_in_two_steps`, with one set each and with two.
    for (sets, invariant, wanted) in [
        (1, "version counts every set", "held"),
        (1, "every key that was set is there", "violated"),
        (1, "no key is in two slots", "held"),
        (1, "count is that of the occupied slots", "violated"),
        (1, "every value is of one writer", "held"),
        (2, "no key is in two slots", "violated"),
    ] {
        let race = about(wrong::check_then_act(2, sets), invariant);
        figures.searched("lab-2/answers", &race, &first(), wanted)?;
    }
    let itself = "deadlock: writer 1 waits on lock.value, held by writer 1";
    figures.all_fail("lab-2/early-returns", &wrong::early_return(2), itself)?;
    figures.has_steps("lab-2/check-then-act", &["take lock 1 → 0", "post lock 0 → 1"])?;

    figures.searched("lab-2/crosswise", &variants::crosswise(), &first(), "deadlock")?;
    figures.searched(
        "lab-2/two-permits",
        &variants::two_permits(),
        &first(),
        "violated: version",
    )?;
    let name = "lab-2/killed";
    figures.of_lab(name, "lab-2", "one-set");
    figures.replayed(name, &lab_2::scenario(2, 1), "0*4,0!", "deadlock")
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
    lab_3_executions(figures, sources)
}

fn lab_3_executions(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let name = "lab-3/version-first";
    let lines = [
        sources.excerpt("labs/src/lab_3/readers.rs:version-first")?,
        sources.excerpt("labs/src/table.rs:read")?,
        sources.excerpt("labs/src/lab_3.rs:set")?,
        sources.excerpt("labs/src/lab_3.rs:change")?,
        sources.excerpt("labs/src/table.rs:write")?,
    ];
    figures.of_lab(name, "lab-3", "version-first");
    let torn = readers::scenario(Reading::VersionFirst, 1, 1);
    figures.playable(name, torn, "violated: every copy", &lines)?;

    let two = lab_search();
    for (case, search, wanted) in [
        ("same-version", &first(), "violated"),
        ("even-version", &two, "held"),
        ("read-then-set", &first(), "violated"),
        ("compare-and-set", &two, "held"),
    ] {
        let name = format!("lab-3/{case}");
        let cases = lab_3::cases();
        let found = cases.iter().find(|found| found.name == case).expect("lab 3 has the case");
        figures.of_lab(&name, "lab-3", found.name);
        figures.searched(&name, &*found.scenario, search, wanted)?;
    }
    let even = readers::scenario(Reading::EvenVersion, 1, 1);
    let stands_still =
        ["store version 0 → 1", "load version = 1", "load version = 1", "store version 1 → 2"];
    figures.has_steps("lab-3/same-version", &stands_still)?;
    figures.of_lab("lab-3/killed", "lab-3", "even-version");
    figures.replayed("lab-3/killed", &even, "0*7,0!", "deadlock")?;
    let unchanged = writers::scenario(Writing::IfUnchanged, 2, 1);
    figures.of_lab("lab-3/again", "lab-3", "compare-and-set");
    figures.replayed("lab-3/again", &unchanged, "1*12,0", "held")?;
    figures.has_steps(
        "lab-3/again",
        &["load version = 2", "store version 3 → 4", "store version 5 → 6"],
    )?;
    figures.replayed("lab-3/missed", &readers::follower(2), "1,0", "held")?;
    figures
        .has_steps("lab-3/missed", &["load version = 0", "store version 3 → 4", "load version = 4"])
}

fn lab_4(figures: &mut Figures) -> Result<(), BookError> {
    let name = "lab-4/busy";
    let busy = figures.stressed(name, &lab_4::busy(3), &paused(500))?;
    figures.printed(name, busy.to_string());

    let two = lab_search();
    for case in lab_4::cases() {
        let name = format!("lab-4/{}", case.name);
        figures.of_lab(&name, "lab-4", case.name);
        figures.searched(&name, &*case.scenario, &two, "held")?;
    }
    let kills = Search::exhaustive(1).with_kills().with_early_timeouts();
    for (name, case, search, schedule) in [
        ("lab-4/kills", "set-get", Some(&kills), ""),
        ("lab-4/killed", "set-get", None, "0*6,0!"),
        ("lab-4/killed-delete", "set-delete", None, "1*14,1!"),
        ("lab-4/late", "cas-cas", None, "0,1"),
    ] {
        let cases = lab_4::cases();
        let found = cases.iter().find(|found| found.name == case).expect("lab 4 has the case");
        figures.of_lab(name, "lab-4", found.name);
        match search {
            Some(search) => figures.searched(name, &*found.scenario, search, "held")?,
            None => figures.replayed(name, &*found.scenario, schedule, "held")?,
        }
    }
    figures.has_steps("lab-4/killed", &["store slots[0].key[0..8]", "killed", "timeout"])?;
    figures.has_steps("lab-4/killed-delete", &["store slots[0].key[0..8]", "killed"])?;
    figures.has_steps("lab-4/late", &["store slots[0].value", "swap version 1 → 2"])
}

fn simulator(figures: &mut Figures) -> Result<(), BookError> {
    let (locked, unlocked) = (transfer::locked(), transfer::unlocked());
    figures.replayed("lock-waits", &locked, "0*3,1", "held")?;
    figures.has_steps("lock-waits", &["wait lock = 0 (sleeps)", "(wakes b)"])?;
    figures.searched("locked-transfers", &locked, &Search::unbounded(), "held")?;
    figures.searched("transfers", &unlocked, &Search::exhaustive(1), "violated")?;
    let money_goes = ["load accounts[0] = 100", "store accounts[0] 100 → 110", "110 → 70"];
    figures.has_steps("transfers", &money_goes)?;
    figures.replayed("killed-owner", &locked, "0*3,0!", "deadlock")
}
