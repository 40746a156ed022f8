//! The workflow for GitHub Classroom, as the book shows it: its commands are run
//! here on a submission, as the job would run them, and the reports are read.
//! Limits: what `uses` names is GitHub's, and is not run.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde::Deserialize;
use serde_json::Value;
use shmkv_grader::catalogue::ALL;
use tempfile::TempDir;

const WORKFLOW: &str = include_str!("../../classroom/classroom.yml");

#[derive(Deserialize)]
struct Workflow {
    jobs: HashMap<String, Job>,
}

#[derive(Deserialize)]
struct Job {
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Step {
    id: Option<String>,
    run: Option<String>,
    uses: Option<String>,
    r#if: Option<String>,
    working_directory: Option<String>,
    #[serde(default)]
    env: HashMap<String, String>,
    #[serde(default)]
    with: HashMap<String, String>,
}

/// A submission is graded by the learner's files alone: what else it brings
/// along does not count.
#[test]
fn workflow_grades_a_submission_into_three_reports() {
    let steps = steps();
    let folder = TempDir::new().expect("a folder");
    write_submission(&folder.path().join("submission"));
    let job = run_all(&steps, folder.path(), &[]);
    assert_eq!(job.failed, None);
    let output = job.output;
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a report");
    let parsed = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");

    let grades = parsed(&read("grades.json"));
    let results = grades["results"].as_array().expect("a list");
    let result = |id: &str| results.iter().find(|result| result["id"] == id).expect("the exercise");
    assert_eq!(results.len(), ALL.len());
    assert_eq!(result("same-slot")["passed"], true);
    assert_eq!(result("insert")["failure"], "does-not-compile");
    assert_eq!(result("three-increments")["failure"], "not-attempted");
    for (id, what) in [
        ("dead-owner", "dead-owner.rs is a folder"),
        ("barrier", "barrier.rs is a pipe, a socket or a device"),
        ("philosophers", "philosophers.rs has 257 KiB"),
        ("no-race", "labs/exercises/lab-2/no-race.rs is a symbolic link"),
        ("two-writers", "labs/exercises/lab-3 is a symbolic link"),
    ] {
        assert_eq!(result(id)["failure"], "does-not-compile");
        let sentence = result(id)["sentence"].as_str().expect("a sentence");
        assert!(sentence.starts_with(&format!("It is not graded: {what}")), "{id}: {sentence}");
    }
    assert_eq!((&grades["passed"], &grades["could_not_check"]), (&1.into(), &0.into()));

    let junit = read("grades.xml");
    let document = roxmltree::Document::parse(&junit).expect("XML");
    let count = |tag: &str| document.descendants().filter(|node| node.has_tag_name(tag)).count();
    assert_eq!((count("testcase"), count("failure")), (ALL.len(), ALL.len() - 1), "{junit}");

    // What the reporter finds where it looks for it, and reads.
    let reporter = steps.iter().find(|step| step.with.contains_key("runners"));
    let reporter = reporter.expect("a step reports the points");
    let variable = format!("{}_RESULTS", reporter.with["runners"].to_uppercase());
    assert_eq!(reporter.env[&variable], "${{ steps.grade.outputs.points }}");
    let sent = output.trim().strip_prefix("points=").expect("the step's output");
    let sent = String::from_utf8(BASE64_STANDARD.decode(sent).expect("base64")).expect("text");
    assert_eq!(sent, read("points.json"));
    let points = parsed(&sent);
    assert_eq!((&points["status"], &points["version"]), (&"fail".into(), &1.into()));
    let tests = points["tests"].as_array().expect("a list");
    let scored = tests.iter().filter(|test| test["score"] != 0);
    assert_eq!(scored.map(|test| &test["name"]).collect::<Vec<_>>(), ["same-slot"]);
}

/// A compiler that fails is the machine's fault: the reports say so, the points are not
/// shown as if they were all, and the job fails.
#[test]
fn workflow_keeps_the_reports_where_something_could_not_be_checked() {
    let steps = steps();
    let folder = TempDir::new().expect("a folder");
    write_submission(&folder.path().join("submission"));
    let compiler = folder.path().join("rustc");
    let place = folder.path().display();
    let script = format!("[ \"$1\" = --print ] && echo '{place}' && exit\nexit 1\n");
    write_program(&compiler, &script);
    // The libraries are built by the real one.
    let cargo = folder.path().join("cargo");
    let real = std::env::var("CARGO").unwrap_or("cargo".into());
    write_program(&cargo, &format!("unset RUSTC\nexec '{real}' \"$@\"\n"));
    let machine = [("RUSTC", compiler.as_path()), ("CARGO", cargo.as_path())];
    let job = run_all(&steps, folder.path(), &machine);

    assert_eq!(job.failed, Some(3));
    let used = job.used.iter().map(String::as_str);
    assert!(used.clone().any(|action| action.starts_with("actions/upload-artifact@")));
    assert!(!used.clone().any(|action| action.contains("grading-reporter")), "{:?}", job.used);
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a report");
    let grades = serde_json::from_str::<Value>(&read("grades.json")).expect("JSON");
    assert_eq!(grades["could_not_check"], ALL.len());
    assert!(read("grades.xml").contains("could not check"), "{}", read("grades.xml"));
}

fn steps() -> Vec<Step> {
    let workflow: Workflow = serde_saphyr::from_str(WORKFLOW).expect("a workflow");
    let mut jobs = workflow.jobs.into_values();
    let steps = jobs.next().expect("a job").steps;
    for step in &steps {
        assert!(step.run.is_some() != step.uses.is_some(), "a step runs or uses: {:?}", step.id);
    }
    steps
}

/// One answer that passes, one that does not compile, and what should not count.
fn write_submission(folder: &Path) {
    let exercises = folder.join("labs/exercises");
    for part in ["lab-1", "lab-2/dead-owner.rs", "starters/lab-1"] {
        fs::create_dir_all(exercises.join(part)).expect("a folder");
    }
    let solutions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises/solutions");
    let solution = solutions.join("lab-1/same-slot.rs");
    fs::copy(solution, exercises.join("lab-1/same-slot.rs")).expect("a copy");
    // None of these is a learner's file: what they lead to may be the instructor's.
    mkfifo(&exercises.join("lab-2/barrier.rs"), Mode::S_IRWXU).expect("a pipe");
    fs::write(exercises.join("lab-2/philosophers.rs"), [b' '; 257 << 10]).expect("written");
    symlink(solutions.join("lab-2/no-race.rs"), exercises.join("lab-2/no-race.rs"))
        .expect("a link");
    symlink(solutions.join("lab-3"), exercises.join("lab-3")).expect("a link");
    fs::write(exercises.join("lab-1/insert.rs"), "pub fn x() { <&\"> }").expect("written");
    fs::write(exercises.join("starters/lab-1/insert.rs"), "forged").expect("written");
    symlink("/etc/passwd", exercises.join("lab-1/link.rs")).expect("a link");
}

/// What came of a job.
#[derive(Default)]
struct Ended {
    /// What the steps have put out for others.
    output: String,
    /// The actions that were used.
    used: Vec<String>,
    /// The status of the step that failed.
    failed: Option<i32>,
}

/// Runs what the steps run, in `folder`, as a runner does, with these variables set.
fn run_all(steps: &[Step], folder: &Path, variables: &[(&str, &Path)]) -> Ended {
    let path = with_programs(&folder.join("bin"));
    let output = folder.join("output");
    fs::write(&output, "").expect("written");
    fs::create_dir(folder.join("course")).expect("a folder");
    let mut job = Ended::default();
    for step in steps {
        let wanted = match step.r#if.as_deref() {
            None => job.failed.is_none(),
            Some("${{ !cancelled() }}") => true,
            Some(other) => panic!("this test knows no {other:?}"),
        };
        if !wanted {
            continue;
        }
        job.used.extend(step.uses.clone());
        let Some(script) = &step.run else { continue };
        let place = folder.join(step.working_directory.as_deref().unwrap_or("."));
        let mut shell = Command::new("bash");
        shell.args(["-e", "-o", "pipefail", "-c", script]).current_dir(place);
        shell.envs(variables.iter().copied());
        let done = shell.env("PATH", &path).env("GITHUB_OUTPUT", &output).output().expect("bash");
        if !done.status.success() {
            eprintln!("{script}: {}\n{}", done.status, String::from_utf8_lossy(&done.stderr));
            job.failed = job.failed.or(done.status.code());
        }
    }
    job.output = fs::read_to_string(output).expect("the steps' output");
    job
}

/// A `PATH` on which `cargo` runs the program as it is built, and `rustup` installs
/// the version of Rust that the project in its folder names.
fn with_programs(folder: &Path) -> String {
    fs::create_dir(folder).expect("a folder");
    let labs = env!("CARGO_BIN_EXE_labs");
    let cargo = format!(
        "case \"$*\" in\n'build --bin labs') ;;\n'run --bin labs -- '*) shift 4; exec '{labs}' \"$@\" ;;\n\
         *) echo \"cargo $* is none of the workflow's\" >&2; exit 101 ;;\nesac\n"
    );
    let rustup = "[ \"$*\" = 'toolchain install' ] && [ \"${PWD##*/}\" = course ] && exit\n\
                  echo \"rustup $* in $PWD is none of the workflow's\" >&2; exit 1\n";
    write_program(&folder.join("cargo"), &cargo);
    write_program(&folder.join("rustup"), rustup);
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

fn write_program(file: &Path, script: &str) {
    fs::write(file, format!("#!/bin/sh\n{script}")).expect("written");
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("it is ours");
}
