//! `lab-1`, `lab-2` and `lab-3` as a user runs them: their stories, their options,
//! and their scenarios under the simulator.

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::Duration;

use assert_cmd::assert::Assert;
use rstest::rstest;
use serde_json::Value;
use shmkv_tests::{program, redacted};

/// Far more than any lab takes.
const LIMIT: Duration = Duration::from_secs(120);

fn run(lab: &str, arguments: &[&str]) -> Assert {
    let mut command = assert_cmd::Command::from_std(program(lab));
    command.args(arguments).timeout(LIMIT).assert()
}

fn output(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
}

fn error(assert: &Assert) -> String {
    String::from_utf8_lossy(&assert.get_output().stderr).into_owned()
}

/// Whether this machine can simulate; where it cannot, a test says why and ends.
fn simulates() -> bool {
    static REASON: OnceLock<Option<String>> = OnceLock::new();
    let reason = REASON.get_or_init(|| {
        let error = error(&run("lab-1", &["replay", ""]));
        error.contains("simulation is not possible here").then_some(error)
    });
    reason.iter().for_each(|reason| eprintln!("ignored: {reason}"));
    reason.is_none()
}

/// Cuts what luck decides: which failure of a scenario comes first, if any does.
fn without_luck(story: &str, scenarios: &[&str]) -> String {
    let cut = |line: &str| match scenarios.iter().find(|name| line.starts_with(**name)) {
        Some(name) => format!("{name}  #  #  …"),
        None => line.to_owned(),
    };
    redacted(story).lines().map(cut).collect::<Vec<_>>().join("\n")
}

#[test]
fn story_of_lab_1_is_told() {
    if simulates() {
        insta::assert_snapshot!(redacted(&output(&run("lab-1", &[]).success())));
    }
}

#[test]
fn story_of_lab_2_is_told() {
    if simulates() {
        let story = output(&run("lab-2", &[]).success());
        insta::assert_snapshot!(without_luck(&story, &["check, unlock, act"]));
    }
}

#[test]
fn story_of_lab_3_is_told() {
    if simulates() {
        let story = output(&run("lab-3", &[]).success());
        let lucky = ["a reader: version-first", "a reader: same-version"];
        insta::assert_snapshot!(without_luck(&story, &lucky));
    }
}

/// The sample output in the README is what the program prints. Luck decides the
/// numbers, but not the lines of the source.
#[test]
fn readme_shows_what_lab_1_prints() {
    if !simulates() {
        return;
    }
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = fs::read_to_string(readme).expect("the README");
    let (_, after) = readme.split_once("```text\n$ cargo run --bin lab-1\n").expect("a sample");
    let (sample, _) = after.split_once("\n```").expect("its end");
    let story = output(&run("lab-1", &[]).success());
    assert_eq!(redacted(sample), redacted(story.trim_end()));
    assert!(places(&story).len() > 10, "{story}");
    assert_eq!(places(sample), places(&story));
}

/// All places in the source that a text names: `lab_1.rs:35`.
fn places(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|word| word.contains(".rs:")).collect()
}

/// Nothing that a lab tells is wider than a terminal of 80 columns.
#[rstest]
fn stories_fit_80_columns(#[values("lab-1", "lab-2", "lab-3", "lab-4")] lab: &str) {
    let story = output(&run(lab, &[]).success());
    let wide: Vec<&str> = story.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[rstest]
#[case("lab-1", &["stress", "searches"])]
#[case("lab-2", &["without", "with", "wrong", "searches"])]
#[case("lab-3", &["followed", "copies", "sums", "searches"])]
fn story_as_json_is_one_document(#[case] lab: &str, #[case] members: &[&str]) {
    let document: Value =
        serde_json::from_str(&output(&run(lab, &["--json"]).success())).expect("one document");
    assert_eq!(document["lab"], lab);
    assert_eq!(document["shown"], true);
    assert!(document["conclusion"].is_string());
    for member in members {
        assert!(!document[member].is_null(), "{lab} has no {member}");
    }
}

#[test]
fn each_kind_of_damage_is_counted() {
    let document = output(&run("lab-1", &["--json"]).success());
    let document: Value = serde_json::from_str(&document).expect("one document");
    let kinds = document["stress"]["invariants"].as_array().expect("invariants");
    assert_eq!(kinds.len(), 5);
    for kind in kinds {
        assert!(kind["violations"].as_u64() > Some(0), "{kind}");
        assert!(kind["first"]["detail"].is_string(), "{kind}");
    }
}

#[test]
fn quiet_lab_says_its_conclusion_only() {
    let said = output(&run("lab-1", &["--quiet"]).success());
    assert_eq!(
        redacted(&said),
        "# of # kinds of damage were seen within # rounds; # rounds took # s."
    );
}

/// One round hardly ever shows everything: the status says whether it did.
#[test]
fn lab_that_shows_too_little_fails() {
    let output =
        run("lab-1", &["--quiet", "--rounds", "1", "--processes", "2"]).get_output().clone();
    let said = String::from_utf8(output.stdout).expect("text");
    let all = said.starts_with("5 of 5 ");
    assert_eq!(output.status.code(), Some(if all { 0 } else { 1 }), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[rstest]
#[case(&["--processes", "1"], "1 is not in 2..=9")]
#[case(&["--processes", "10"], "10 is not in 2..=9")]
#[case(&["--processes", "many"], "invalid digit")]
#[case(&["--rounds", "0"], "0 is not in 1..")]
#[case(&["--seed", "-1"], "unexpected argument '-1'")]
#[case(&["--json", "--quiet"], "cannot be used with")]
#[case(&["--kill"], "unexpected argument '--kill'")]
#[case(&["run"], "unrecognized subcommand 'run'")]
#[case(&["explore", "--scenario", "nothing"], "has no scenario \"nothing\"; it has ")]
#[case(&["explore", "--preemptions", "-1"], "unexpected argument '-1'")]
#[case(&["replay"], "required")]
#[case(&["replay", "0*x"], "expected P, P*N, P! or P~")]
fn bad_input_is_told_in_one_sentence(
    #[values("lab-1", "lab-2", "lab-3")] lab: &str,
    #[case] arguments: &[&str],
    #[case] says: &str,
) {
    let assert = run(lab, arguments).code(2);
    assert!(error(&assert).contains(says), "{}", error(&assert));
    assert_eq!(output(&assert), "");
}

#[rstest]
fn help_has_examples(#[values("lab-1", "lab-2", "lab-3")] lab: &str) {
    let help = output(&run(lab, &["--help"]).success());
    let (_, examples) = help.split_once("Examples:\n").expect("examples");
    assert!(examples.lines().filter(|line| line.starts_with("  lab-")).count() >= 3, "{help}");
}

#[rstest]
fn help_fits_80_columns(
    #[values("lab-1", "lab-2", "lab-3", "lab-4")] lab: &str,
    #[values(&["--help"], &["explore", "--help"], &["replay", "--help"])] arguments: &[&str],
) {
    let help = output(&run(lab, arguments).success());
    let wide: Vec<&str> = help.lines().filter(|line| line.chars().count() > 80).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

/// Each case as the lab claims it, and each failure again by its schedule.
#[rstest]
#[case("lab-1", "one-set", "violated")]
#[case("lab-1", "two-sets", "violated")]
#[case("lab-2", "one-set", "held")]
#[case("lab-2", "two-sets", "held")]
#[case("lab-2", "unlocked-reader", "violated")]
#[case("lab-2", "early-return", "deadlock")]
#[case("lab-2", "check-then-act", "violated")]
#[case("lab-3", "version-first", "violated")]
#[case("lab-3", "same-version", "violated")]
#[case("lab-3", "even-version", "held")]
#[case("lab-3", "locked", "held")]
#[case("lab-3", "read-then-set", "violated")]
#[case("lab-3", "compare-and-set", "held")]
fn scenario_does_what_its_lab_claims(
    #[case] lab: &str,
    #[case] scenario: &str,
    #[case] verdict: &str,
) {
    if !simulates() {
        return;
    }
    let explored = output(&run(lab, &["explore", "--scenario", scenario, "--json"]).success());
    let explored: Value = serde_json::from_str(&explored).expect("one document");
    assert_eq!(explored["verdict"]["verdict"], verdict);
    assert_eq!(explored["complete"], true);
    let Some(schedule) = explored["schedule"].as_str() else {
        assert_eq!((verdict, &explored["failed"]), ("held", &0.into()));
        return;
    };
    let again =
        output(&run(lab, &["replay", schedule, "--scenario", scenario, "--json"]).success());
    let again: Value = serde_json::from_str(&again).expect("one document");
    assert_eq!(again["verdict"]["verdict"], verdict);
}

/// A process that was killed before its first step has begun nothing, so nothing of
/// its work can be missing. What is left of lab 2 are the processes that wait for a
/// dead owner.
#[rstest]
#[case("lab-1", "one-set", "violated")]
#[case("lab-1", "two-sets", "violated")]
#[case("lab-2", "one-set", "deadlock")]
#[case("lab-2", "two-sets", "deadlock")]
#[case("lab-3", "even-version", "deadlock")]
#[case("lab-3", "compare-and-set", "deadlock")]
fn sets_that_a_killed_process_never_began_are_not_missed(
    #[case] lab: &str,
    #[case] scenario: &str,
    #[case] verdict: &str,
) {
    if !simulates() {
        return;
    }
    for schedule in ["0!", "1!"] {
        let again = run(lab, &["replay", schedule, "--scenario", scenario, "--json"]).success();
        let again: Value = serde_json::from_str(&output(&again)).expect("one document");
        assert_eq!(again["verdict"]["verdict"], "held", "{schedule}");
    }
    let explored = ["explore", "--scenario", scenario, "--kill", "--preemptions", "1", "--json"];
    let explored: Value =
        serde_json::from_str(&output(&run(lab, &explored).success())).expect("one document");
    assert_eq!(explored["verdict"]["verdict"], verdict);
    assert_eq!(explored["failed"], explored["verdicts"][verdict], "{lab} {scenario}");
}

/// Without a preemption one set comes after the other, and does no damage.
#[test]
fn race_needs_a_preemption() {
    if simulates() {
        let bound = ["explore", "--preemptions", "0", "--json"];
        let explored = output(&run("lab-1", &bound).code(1));
        let explored: Value = serde_json::from_str(&explored).expect("one document");
        assert_eq!((&explored["failed"], &explored["complete"]), (&0.into(), &true.into()));
    }
}

#[test]
fn closed_output_ends_a_story_quietly() {
    let mut child =
        program("lab-1").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("lab-1");
    drop(child.stdout.take());
    let ended = child.wait_with_output().expect("a child");
    assert_eq!((ended.status.code(), &ended.stderr[..]), (Some(1), &b""[..]));
}

#[rstest]
#[case("", true)]
#[case("1", false)]
fn colour_is_for_terminals_that_want_it(#[case] no_color: &str, #[case] coloured: bool) {
    let terminal = nix::pty::openpty(None, None).expect("a terminal");
    let mut child = program("lab-1")
        .env("NO_COLOR", no_color)
        .env("TERM", "xterm")
        .stdout(terminal.slave)
        .spawn()
        .expect("lab-1");
    let said = read_all(terminal.master);
    assert!(child.wait().expect("a child").success(), "{said}");
    assert_eq!(said.contains('\u{1b}'), coloured, "{said}");
}

/// A timeline on terminals of several widths: source lines go beside their rows where
/// there is room. A terminal without a size, or one that is too narrow, changes nothing.
#[rstest]
#[case(0, 80, false)]
#[case(40, 60, false)]
#[case(80, 80, false)]
#[case(120, 120, true)]
fn timelines_are_as_wide_as_the_terminal(
    #[case] columns: u16,
    #[case] most: usize,
    #[case] source_beside: bool,
) {
    if !simulates() {
        return;
    }
    let size = nix::pty::Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let terminal = nix::pty::openpty(&size, None).expect("a terminal");
    let mut child = program("lab-1")
        .args(["replay", "0,1"])
        .env("NO_COLOR", "1")
        .stdout(terminal.slave)
        .spawn()
        .expect("lab-1");
    let said = read_all(terminal.master);
    assert!(child.wait().expect("a child").success(), "{said}");
    // The verdict below is a sentence.
    let lines = || {
        said.lines().map(|line| line.trim_end()).take_while(|line| !line.starts_with("violated"))
    };
    let widest = lines().map(|line| line.chars().count()).max().unwrap_or(0);
    assert!(widest <= most, "{widest} columns of {most}:\n{said}");
    assert_eq!(lines().any(|line| line.ends_with("  source")), source_beside, "{said}");
}

/// What is written to a terminal until nobody has it open any more.
fn read_all(terminal: OwnedFd) -> String {
    let mut bytes = Vec::new();
    // It ends with EIO, not with an end of file.
    let _ = fs::File::from(terminal).read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}
