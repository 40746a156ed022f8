//! The commands, as a learner and an instructor use them: on a copy of the
//! exercises, with the program as it is built.

mod common;

use std::fs;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::Copy;
use nix::pty::openpty;
use shmkv_grader::catalogue::ALL;

#[test]
fn a_learner_comes_from_nothing_to_the_first_pass() {
    let copy = Copy::new();
    let (status, said) = copy.say(&[]);
    assert_eq!(status, Some(0));
    assert!(said.starts_with("Exercises 0/23 [-"), "{said}");
    assert!(said.contains("Next: three-increments (lab 1, predict"), "{said}");
    assert!(said.lines().count() <= 24, "one screen: {said}");

    let (status, said) = copy.say(&["check"]);
    assert_eq!(status, Some(1));
    let start = "three-increments: not attempted\n  labs/exercises/lab-1/three-increments.rs:20\n";
    assert!(said.starts_with(start), "{said}");

    let (status, said) = copy.say(&["solution", "three-increments"]);
    assert_eq!((status, said.lines().count()), (Some(2), 1), "{said}");

    copy.solve("lab-1/three-increments.rs");
    let (status, said) = copy.say(&["check"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.starts_with("three-increments: passed\n"), "{said}");
    let end = "\nSolution: labs/exercises/solutions/lab-1/three-increments.rs:1\n\
               Next: same-slot, labs/exercises/lab-1/same-slot.rs:1\n";
    assert!(said.ends_with(end), "{said}");

    let (status, said) = copy.say(&["solution", "three-increments"]);
    assert_eq!(status, Some(0));
    assert!(said.contains("pub const OUTCOMES"), "{said}");
}

#[test]
fn hints_come_one_by_one_and_stop_at_the_last() {
    let copy = Copy::new();
    for given in [1, 2, 3, 3] {
        let (status, said) = copy.say(&["hint", "insert"]);
        assert_eq!((status, said.matches(", hint ").count()), (Some(0), given), "{said}");
    }
}

#[test]
fn reset_brings_the_first_file_back_and_keeps_the_learners() {
    let copy = Copy::new();
    let file = copy.path("lab-1/insert.rs");
    fs::write(&file, "mine").expect("it can be written");
    let (status, said) = copy.say(&["reset", "insert"]);
    assert_eq!(status, Some(0), "{said}");
    let starter = fs::read(copy.path("starters/lab-1/insert.rs")).expect("the starter");
    assert_eq!(fs::read(&file).expect("the file"), starter);
    assert_eq!(fs::read(copy.path("lab-1/insert.rs.bak")).expect("the old one"), b"mine");
}

#[test]
fn a_damaged_progress_file_is_rebuilt_by_checking() {
    let copy = Copy::new();
    copy.solve("lab-1/three-increments.rs");
    fs::write(copy.path(".progress.json"), "{\"version\":1,").expect("it can be written");
    let (status, said) = copy.say(&[]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("is damaged: EOF while parsing"), "{said}");
    assert!(said.contains("Exercises 1/23"), "{said}");
    let (_, said) = copy.say(&[]);
    assert!(!said.contains("damaged"), "{said}");
}

#[test]
fn usage_errors_are_one_sentence_and_exit_with_2() {
    let copy = Copy::new();
    for (arguments, part) in [
        (&["check", "nosuch"][..], "there is no exercise \"nosuch\""),
        (&["grade", "--from", "/nonexistent"], "/nonexistent holds no exercise"),
    ] {
        let (status, said) = copy.say(arguments);
        assert_eq!((status, said.lines().count()), (Some(2), 1), "{said}");
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(copy.say(&["frobnicate"]).0, Some(2));
}

#[test]
fn compiler_errors_are_the_compilers_own() {
    let copy = Copy::new();
    fs::write(copy.path("lab-1/insert.rs"), "pub fn insert() -> bool { 1 }").expect("written");
    let (status, said) = copy.say(&["check", "insert"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("error[E0308]: mismatched types"), "{said}");
    assert!(said.contains("--> labs/exercises/lab-1/insert.rs:1:27"), "{said}");
    assert!(said.contains("insert: does not compile"), "{said}");
}

#[test]
fn an_answer_that_takes_something_in_is_told_what() {
    let copy = Copy::new();
    let included =
        "#[path = \"../solutions/lab-1/insert.rs\"]\nmod solution;\npub use solution::insert;";
    // Where files can be shut, the compiler cannot even read them.
    for (text, named, told) in [
        (included, "lab-1/../solutions/lab-1/insert.rs", ["is taken in", "can take in no other"]),
        ("pub const _: &str = env!(\"PATH\");", "environment's PATH", ["is taken in"; 2]),
    ] {
        fs::write(copy.path("lab-1/insert.rs"), text).expect("written");
        let (status, said) = copy.say(&["check", "insert"]);
        assert_eq!(status, Some(1));
        assert!(said.contains("insert: does not compile\n"), "{said}");
        assert!(said.contains(named) && told.iter().any(|told| said.contains(told)), "{said}");
    }
}

/// What a failed check says to type shows the same execution again.
#[test]
fn the_line_to_replay_a_failure_works() {
    let copy = Copy::new();
    let (_, said) = copy.say(&["check", "insert", "--seed", "7"]);
    let line = said.lines().find(|line| line.contains("-- replay")).expect("a line to type");
    let (_, arguments) = line.split_once(" -- ").expect("arguments");
    let arguments: Vec<&str> =
        arguments.split(' ').map(|argument| argument.trim_matches('"')).collect();
    let (status, replayed) = copy.say(&arguments);
    assert_eq!(status, Some(0), "{replayed}");
    assert!(replayed.contains("violated: "), "{replayed}");
    let steps = |text: &str| -> Vec<String> {
        let rows = text.lines().filter(|line| line.contains("at insert.rs:"));
        rows.map(str::to_owned).collect()
    };
    assert_eq!(steps(&replayed), steps(&said));
}

/// Ends with the test, whatever happens.
struct Watcher(Child);

impl Drop for Watcher {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Each wait is for a line that the watcher prints; nothing is timed but the end.
#[test]
fn watch_checks_whatever_is_saved() {
    let copy = Copy::new();
    let mut command = copy.command(&["watch"]);
    let mut watcher = Watcher(command.stdout(Stdio::piped()).spawn().expect("the runner runs"));
    let output = watcher.0.stdout.take().expect("its output");
    let mut lines = BufReader::new(output).lines();
    let end = Instant::now() + Duration::from_secs(120);
    let mut read_to = |wanted: &str| {
        let mut seen = String::new();
        while Instant::now() < end {
            let Some(line) = lines.next() else { break };
            let line = line.expect("text");
            seen += &line;
            seen.push('\n');
            if line.contains(wanted) {
                return seen;
            }
        }
        panic!("never said {wanted:?}:\n{seen}");
    };
    let said = read_to("Waiting for a file");
    assert!(said.contains("three-increments: not attempted"), "{said}");
    assert!(said.contains("There are no keys"), "{said}");

    copy.solve("lab-1/three-increments.rs");
    let said = read_to("Waiting for a file");
    assert!(said.contains("three-increments: passed"), "{said}");

    // As editors do it: a new file takes the old one's place.
    let draft = copy.path("lab-1/.same-slot.rs.draft");
    fs::copy(copy.path("solutions/lab-1/same-slot.rs"), &draft).expect("a draft");
    fs::rename(&draft, copy.path("lab-1/same-slot.rs")).expect("it can be replaced");
    let said = read_to("Waiting for a file");
    assert!(said.contains("same-slot: passed"), "{said}");
}

#[test]
fn the_list_fits_one_screen() {
    let (status, said) = Copy::new().say(&["list"]);
    assert_eq!(status, Some(0));
    assert!(said.lines().count() <= 30, "{said}");
    for line in said.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

/// As the terminal is no wider than 80 columns, so is the text; figures are named.
#[test]
fn explain_shows_the_section_and_where_it_is() {
    let copy = Copy::new();
    let (status, said) = copy.say(&["explain", "insert"]);
    assert_eq!(status, Some(0), "{said}");
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../book/src/lab-1.md");
    let chapter = fs::read_to_string(chapter).expect("the chapter");
    let line = 1 + chapter.lines().position(|line| line == "## The fix").expect("the section");
    let first = chapter.lines().nth(line + 1).and_then(|text| text.split(' ').next());
    let first = first.expect("a word");
    assert!(said.starts_with(&format!("The fix\n\n{first} ")), "{said}");
    assert!(said.contains(&format!("book/src/lab-1.md:{line}\n")), "{said}");
    assert!(said.ends_with("then lab-1.html#the-fix\n"), "{said}");

    for exercise in ALL {
        let (status, said) = copy.say(&["explain", exercise.id]);
        assert_eq!(status, Some(0), "{said}");
        assert!(!said.contains("{{#"), "{said}");
        // But for code, and the places of the section.
        let places = |line: &str| line.contains(".md:") || line.contains(".html#");
        let prose = said.lines().filter(|line| !line.starts_with("    ") && !places(line));
        for line in prose {
            assert!(line.chars().count() <= 80, "{}: {line}", exercise.id);
        }
    }
}

#[test]
fn output_to_a_pipe_has_no_colour() {
    let copy = Copy::new();
    let mut text = String::new();
    let output = copy.run(&["list"]);
    output.stdout.as_slice().read_to_string(&mut text).expect("text");
    assert!(!text.contains('\u{1b}'), "{text:?}");
}

/// It computes for longer than a check may take without a line, on every machine.
#[test]
fn a_long_check_shows_one_line_that_goes_away() {
    let copy = Copy::new();
    let wrong = "../exercises/wrong/lab-1/insert/computes_for_ever.rs";
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(wrong));
    copy.write("lab-1/insert.rs", &text.expect("a wrong answer"));
    let terminal = openpty(None, None).expect("a terminal");
    let mut command = copy.command(&["check", "insert"]);
    command.env("TERM", "xterm").stderr(terminal.slave);
    let output = command.stdout(Stdio::piped()).output().expect("the runner runs");
    assert_eq!(output.status.code(), Some(1));
    drop(command);
    let mut shown = Vec::new();
    // Ends with EIO: nobody holds the other end.
    let _ = File::from(terminal.master).read_to_end(&mut shown);
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("insert: trial 1 of "), "{shown:?}");
    assert!(shown.ends_with("\u{1b}[2K") && !shown.contains('\n'), "{shown:?}");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.starts_with("insert: too slow\n"), "{said}");
}

#[test]
fn a_file_that_is_gone_can_be_brought_back() {
    let copy = Copy::new();
    fs::remove_file(copy.path("lab-1/insert.rs")).expect("it is there");
    let (status, said) = copy.say(&["check", "insert"]);
    assert_eq!((status, said.lines().count()), (Some(2), 1), "{said}");
    assert!(said.contains("is not there; to bring it back: cargo run"), "{said}");
    assert_eq!(copy.say(&["reset", "insert"]).0, Some(0));
    assert_eq!(copy.say(&["check", "insert"]).0, Some(1));
}

#[test]
fn colour_is_for_terminals_that_can_and_where_it_is_wanted() {
    let copy = Copy::new();
    for (term, no_color, coloured) in
        [("xterm", "", true), ("xterm", "1", false), ("dumb", "", false)]
    {
        let terminal = openpty(None, None).expect("a terminal");
        let mut command = copy.command(&[]);
        command.env("TERM", term).env("NO_COLOR", no_color).stdout(terminal.slave);
        let status = command.status().expect("the runner runs");
        assert!(status.success(), "{status}");
        // The last copy of the terminal's other end.
        drop(command);
        let mut said = Vec::new();
        // Ends with EIO: nobody holds the other end.
        let _ = File::from(terminal.master).read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        assert!(said.contains("Exercises 0/23"), "{said:?}");
        assert_eq!(said.contains('\u{1b}'), coloured, "TERM={term} NO_COLOR={no_color}: {said:?}");
    }
}
