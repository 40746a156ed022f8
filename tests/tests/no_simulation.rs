//! Labs where the simulator cannot run: the rest of the story is told, and one
//! sentence says what is missing.

#[path = "../../harness/tests/denied/mod.rs"]
mod denied;

use std::process::Output;

use denied::deny_seccomp;
use rstest::rstest;
use serde_json::Value;
use shmkv_tests::program;

const SENTENCE: &str =
    "simulation is not possible here: seccomp is denied: EPERM: Operation not permitted";

/// Runs a lab in a sandbox in which seccomp is denied.
fn run(lab: &str, arguments: &[&str]) -> Output {
    let mut command = program(lab);
    command.args(arguments);
    deny_seccomp(&mut command, libc::EPERM).output().expect("the lab runs")
}

#[rstest]
#[case("lab-1", "5 of 5 kinds of damage were seen")]
#[case("lab-2", "3 of 3 wrong ways failed")]
#[case("lab-3", "the right ways held")]
#[case("lab-4", "The store held in 2,000 rounds of stress.")]
fn story_is_told_without_simulation(#[case] lab: &str, #[case] conclusion: &str) {
    let output = run(lab, &[]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    assert_eq!(said.lines().filter(|line| *line == SENTENCE).count(), 1, "{said}");
    let words: Vec<&str> = said.split_whitespace().collect();
    assert!(words.join(" ").contains(conclusion), "{said}");
}

#[test]
fn json_stays_one_document() {
    let output = run("lab-1", &["--json"]);
    let document: Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!(
        (&document["shown"], &document["searches"][0]["search"]),
        (&true.into(), &Value::Null)
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), format!("{SENTENCE}\n"));
}

#[rstest]
#[case(&["explore"])]
#[case(&["replay", "0,1"])]
fn asking_for_the_simulator_fails_in_one_sentence(#[case] arguments: &[&str]) {
    let output = run("lab-1", arguments);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), format!("lab-1: {SENTENCE}\n"));
    assert!(output.stdout.is_empty(), "{output:?}");
}
