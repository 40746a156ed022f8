//! `explore` and `replay` as a user runs them, on any lab.

use std::fs;

use assert_cmd::assert::OutputAssertExt;
use serde_json::Value;
use shmkv_tests::program;

fn lab_1(arguments: &[&str]) -> (String, String) {
    let assert = program("lab-1").args(arguments).assert().success();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&assert.get_output().stdout), text(&assert.get_output().stderr))
}

#[test]
fn schedule_in_json_is_what_replay_takes() {
    let explored: Value = serde_json::from_str(&lab_1(&["explore", "--json"]).0).expect("JSON");
    let schedule = explored["schedule"].as_str().expect("a schedule");
    let replayed = lab_1(&["replay", schedule, "--json"]).0;
    let replayed: Value = serde_json::from_str(&replayed).expect("JSON");
    assert_eq!(replayed["timeline"], explored["failure"]["timeline"]);
    assert_eq!(replayed["verdict"], explored["failure"]["verdict"]);
}

#[test]
fn picture_and_states_are_written_to_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let (svg, graph) = (folder.path().join("t.svg"), folder.path().join("g.json"));
    let paths = [svg.to_str().expect("text"), graph.to_str().expect("text")];
    lab_1(&["explore", "--svg", paths[0], "--graph", paths[1]]);
    assert!(fs::read_to_string(&svg).expect("a picture").starts_with("<svg"));
    let graph = fs::read_to_string(&graph).expect("a graph");
    let graph: Value = serde_json::from_str(&graph).expect("JSON");
    assert_eq!(graph["complete"], true);
    assert!(graph["states"].as_array().is_some_and(|states| states.len() > 10));
}

#[test]
fn picture_of_nothing_is_said_not_to_be_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let svg = folder.path().join("t.svg");
    let arguments = ["explore", "--scenario", "set-set", "--preemptions", "1", "--svg"];
    let assert = program("lab-4").args(arguments).arg(&svg).assert().success();
    let error = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(error.contains("no schedule failed"), "{error}");
    assert!(!svg.exists());
}

#[test]
fn file_that_cannot_be_written_is_one_sentence() {
    let assert = program("lab-1").args(["explore", "--svg", "/no/such/folder/t.svg"]).assert();
    let assert = assert.code(1);
    let error = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(error.starts_with("lab-1: /no/such/folder/t.svg could not be written"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn every_strategy_finds_the_race() {
    for strategy in ["exhaustive", "random", "pct", "pos", "surw"] {
        let text = lab_1(&["explore", "--strategy", strategy, "--max-schedules", "500"]).0;
        assert!(text.contains("The shortest that fails:"), "{strategy}: {text}");
    }
}

#[test]
fn delays_bound_a_search_instead_of_preemptions() {
    let text = lab_1(&["explore", "--delays", "1"]).0;
    assert!(
        text.starts_with("one-set: all schedules with at most 1 delay, in program order: "),
        "{text}"
    );
}
