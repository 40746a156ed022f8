//! What a learner is told: the sentence says what the mistake is, in words that the
//! exercises use, and nothing of an answer reaches the terminal as it is.

mod common;

use common::Copy;

/// What the check of this answer says.
fn check(exercise: &str, text: &str) -> String {
    let copy = Copy::new();
    let (lab, id) = exercise.split_once('/').expect("a lab and an exercise");
    copy.write(&format!("{lab}/{id}.rs"), text);
    copy.say(&["check", id, "--seed", "3"]).1
}

fn has(said: &str, parts: &[&str]) {
    // Lines are broken where they are full.
    let flat = said.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(flat.contains(part), "no {part:?} in:\n{said}");
    }
}

fn has_none(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(!said.contains(part), "{part:?} in:\n{said}");
    }
}

#[test]
fn impossible_outcome_is_refused_with_the_reason() {
    let said = check(
        "lab-1/three-increments",
        r#"pub const OUTCOMES: &[&str] = &["1", "2", "3", "4", "5", "6"];"#,
    );
    has(&said, &["\"1\" cannot happen", "a process has stored twice before its last load"]);
    has_none(&said, &["run, 0 failed", "without reduction"]);

    let said = check("lab-1/three-increments", r#"pub const OUTCOMES: &[&str] = &["7", "6"];"#);
    has(&said, &["\"7\" cannot happen", "add up to 6"]);
}

/// Where no reason is known: what comes nearest of what was named and can happen.
#[test]
fn outcome_of_another_form_is_compared_with_the_nearest() {
    let said =
        check("lab-4/first-come", r#"pub const OUTCOMES: &[&str] = &["Bob, paid  2", "Bobby"];"#);
    has(&said, &["\"Bobby\" cannot happen", "The nearest of those that you name"]);
    has(&said, &["is \"Bob, paid 2\"", "for example by the schedule"]);
}

/// That something is missing is said; what it is would be the answer.
#[test]
fn missing_outcome_is_not_given_away() {
    let said =
        check("lab-1/three-increments", r#"pub const OUTCOMES: &[&str] = &["3", "4", "5", "6"];"#);
    has(&said, &["All that you name can happen", "and 1 more can, too"]);
    has_none(&said, &["\"2\"", "step  ", "replay"]);
}

#[test]
fn claim_that_there_is_none_is_read_in_small_letters_too() {
    let said = check("lab-2/no-race", r#"pub const SCHEDULE: &str = "none";"#);
    assert!(said.starts_with("no-race: passed\n"), "{said}");
}

/// It returns what it should, after it has looked a hundred times in vain: that is
/// right, and the search through its orders of steps is cut short.
#[test]
fn many_steps_are_no_fault() {
    let solution = include_str!("../../exercises/solutions/lab-1/insert.rs");
    let wasteful = solution.replace(
        "-> bool {",
        "-> bool {\n    for _ in 0..100 {\n        table.slots[3].key.load(std::sync::atomic::Ordering::Relaxed);\n    }",
    );
    let said = check("lab-1/insert", &wasteful);
    assert!(said.starts_with("insert: passed\n"), "{said}");
    has(&said, &["no fault in the first", "orders of steps"]);
}

/// Whoever waits for an item waits for a post that nobody is left to make.
#[test]
fn waiter_for_an_item_that_was_dropped_waits_for_nobody() {
    let dropped = include_str!("../../exercises/solutions/lab-2/bounded-buffer.rs")
        .replace("buffer.filled.post()", "let dropped: Result<(), ()> = Ok(()); dropped");
    let said = check("lab-2/bounded-buffer", &dropped);
    assert!(said.starts_with("bounded-buffer: deadlock\n"), "{said}");
    has(&said, &["user waits for filled, and nobody is left who could post it"]);
    has_none(&said, &["held by", "filled.value", "{value, waiters}", "= 128"]);
    has(&said, &["take free 2 → 1", "post lock 0 → 1", "wait filled = 0 (sleeps)"]);
}

#[test]
fn timed_wait_in_a_loop_is_told_from_polling() {
    let timed = "use std::time::Duration; use std::sync::atomic::Ordering::Relaxed;
        use shmkv::Deadline; use shmkv_grader::lab_3::wait_for_change::Board;
        pub fn change(board: &Board) {
            let _guard = board.lock.guard().unwrap();
            board.version.store(board.version.load(Relaxed) + 1, Relaxed);
        }
        pub fn wait_for_change(board: &Board, me: usize, seen: u32) -> u32 {
            loop {
                let version = board.version.load(Relaxed);
                if version != seen { return version; }
                let _ = board.bells[me].wait_until(Deadline::after(Duration::from_millis(5)));
            }
        }";
    let said = check("lab-3/wait-for-change", timed);
    has(&said, &["timed wait ends again and again"]);
}

#[test]
fn passed_functions_are_told_how_many_orders_were_tried() {
    let said = check("lab-1/insert", include_str!("../../exercises/solutions/lab-1/insert.rs"));
    has(&said, &["insert: passed", "orders of steps that differ", "with at most"]);
    has_none(&said, &["run, 0 failed", "without reduction", "not complete"]);
}

#[test]
fn a_search_that_ended_at_a_failure_does_not_read_like_a_defect() {
    let said = check("lab-1/insert", include_str!("../../exercises/starters/lab-1/insert.rs"));
    has(&said, &["insert: lost update", "the search ended there"]);
    has_none(&said, &["not complete", "failed;"]);
}

/// Escape sequences could move the cursor, set the title, or forge a verdict.
#[test]
fn nothing_of_an_answer_controls_the_terminal() {
    let panics = r#"use shmkv_grader::lab_1::insert::Table;
        pub fn insert(table: &Table, _: u64, _: u64) -> bool {
            println!("\u{1b}]0;title\u{7}\u{202e}");
            let _ = table;
            panic!("\u{1b}[31mred\u{9b}2J")
        }"#;
    for (exercise, text, shown) in [
        ("lab-1/insert", panics, r"\u{1b}[31mred\u{9b}2J"),
        (
            "lab-1/three-increments",
            r#"pub const OUTCOMES: &[&str] = &["\u{1b}[2J", "6"];"#,
            r"\u{1b}[2J",
        ),
        ("lab-1/same-slot", r#"pub const SCHEDULE: &str = "\u{1b}[2J";"#, r"\u{1b}[2J"),
        ("lab-1/insert", r#"compile_error!("\u{1b}[2J");"#, "does not compile"),
    ] {
        let said = check(exercise, text);
        has(&said, &[shown]);
        has_none(&said, &["\u{1b}", "\u{7}", "\u{9b}", "\u{202e}"]);
    }
}

/// There is nothing to draw, and no schedule that could be typed.
#[test]
fn an_execution_without_steps_is_not_drawn() {
    let panics = r#"use shmkv_grader::lab_1::insert::Table;
        pub fn insert(_: &Table, _: u64, _: u64) -> bool { panic!("at once") }"#;
    let said = check("lab-1/insert", panics);
    has(&said, &["insert: panic", "at once"]);
    has_none(&said, &["step ", "source"]);
}
