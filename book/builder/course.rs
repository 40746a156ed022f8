//! The course: the exercises of each lab, and what instructors are shown of them,
//! times, points, and the mistakes that learners make, with their verdicts.
//!
//! Idea: the catalogue has the exercises; the mistakes are the wrong answers that the
//! grader is tested with, `labs/exercises/wrong/LAB/EXERCISE/*.rs`, whose head
//! states the verdict and what is wrong. A test checks that each gets it.

use std::fs;

use shmkv_grader::catalogue::{ALL, Exercise, Kind};

use crate::{BookError, Sources};

/// The section of a chapter that lists the exercises of `lab`, such as `lab-1`, in
/// the order in which they are done.
///
/// # Errors
/// [`BookError::NoFigure`] where a lab has none.
pub fn exercises_of(lab: &str) -> Result<String, BookError> {
    let of_lab = ALL.iter().filter(|exercise| format!("lab-{}", exercise.lab) == lab);
    let items: String = of_lab.map(item).collect();
    if items.is_empty() {
        return Err(BookError::NoFigure { kind: "lab with exercises", name: lab.to_owned() });
    }
    Ok(format!(
        "## Exercises\n\nEach is one file, whose head says what is to be done.\n\n{items}\n\
         `cargo run --bin labs` says which is next; `cargo run --bin labs -- check NAME` checks \
         one, under stress and under the simulator. `cargo run --bin labs -- watch` checks \
         whatever you save, and has keys: `r` runs the check again, `h` gives a hint, `n` goes \
         on to the next, `l` lists all, `q` quits.\n"
    ))
}

fn item(exercise: &Exercise) -> String {
    let Exercise { id, kind, title, minutes, .. } = exercise;
    let file = exercise.file();
    format!("- **{id}** ({kind}, about {minutes} minutes): {title}. `labs/exercises/{file}`\n")
}

/// A table of all exercises: lab, kind, minutes, points.
pub fn exercises() -> String {
    let mut table =
        String::from("| lab | exercise | kind | minutes | points |\n|---:|---|---|---:|---:|\n");
    for exercise in ALL {
        let Exercise { id, lab, kind, title, minutes, .. } = exercise;
        let points = kind.points();
        table += &format!("| {lab} | **{id}**: {title} | {kind} | {minutes} | {points} |\n");
    }
    let minutes: u32 = ALL.iter().map(|exercise| exercise.minutes).sum();
    let points: u32 = ALL.iter().map(|exercise| exercise.kind.points()).sum();
    table + &format!("| | all | | {minutes} | {points} |\n")
}

/// The wrong answers to each exercise in which something is written, lab by lab. Those
/// to the others would give the right ones away.
///
/// # Errors
/// [`BookError::Read`]; [`BookError::NoMistake`] where a head does not say what
/// is wrong.
pub fn mistakes(sources: &Sources) -> Result<String, BookError> {
    let mut text = String::new();
    let mut last = None;
    for exercise in written() {
        if last.replace(exercise.lab) != Some(exercise.lab) {
            text += &format!("\n### Lab {}\n", exercise.lab);
        }
        let folder = format!("labs/exercises/wrong/lab-{}/{}", exercise.lab, exercise.id);
        text += &format!("\n**{}**\n\n| verdict | what is wrong |\n|---|---|\n", exercise.id);
        let mut rows = Vec::new();
        for file in rust_files(sources, &folder)? {
            rows.push(row(&file, &sources.read(&file)?)?);
        }
        rows.sort();
        text += &rows.concat();
    }
    Ok(text)
}

fn written() -> impl Iterator<Item = &'static Exercise> {
    ALL.iter().filter(|exercise| exercise.kind == Kind::Write)
}

fn rust_files(sources: &Sources, folder: &str) -> Result<Vec<String>, BookError> {
    let path = sources.root().join(folder);
    let entries = fs::read_dir(&path).map_err(|source| BookError::Read { file: path, source })?;
    let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
    Ok(names.filter(|name| name.ends_with(".rs")).map(|name| format!("{folder}/{name}")).collect())
}

/// A row of one wrong answer, from its head: the verdict, then what is wrong.
fn row(file: &str, text: &str) -> Result<String, BookError> {
    let head = text.lines().map_while(|line| line.strip_prefix("//!"));
    let head: Vec<&str> = head.map(str::trim).collect();
    let verdict = head.first().and_then(|line| line.strip_prefix("Verdict: "));
    let what = head.get(1..).unwrap_or_default().join(" ");
    match verdict {
        Some(verdict) if !what.is_empty() => {
            Ok(format!("| {verdict} | {} |\n", what.replace('|', "\\|")))
        }
        _ => Err(BookError::NoMistake { file: file.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wrong_answer_is_a_row() {
        let sources = Sources::of_workspace();
        let tables = mistakes(&sources).expect("wrong answers with heads");
        for exercise in written() {
            let (_, rest) = tables.split_once(&format!("**{}**", exercise.id)).expect("a table");
            let rows = rest.trim_start().lines().take_while(|line| line.starts_with('|')).count();
            let folder = format!("labs/exercises/wrong/lab-{}/{}", exercise.lab, exercise.id);
            let files = rust_files(&sources, &folder).expect("a folder").len();
            assert_eq!(rows, files + 2, "{}", exercise.id);
        }
    }

    /// Which exercises have an answer "NONE" shows in their mistakes: those without a
    /// refuted "NONE" among them.
    #[test]
    fn mistakes_give_no_schedule_or_prediction_away() {
        let tables = mistakes(&Sources::of_workspace()).expect("wrong answers with heads");
        for exercise in ALL.iter().filter(|exercise| exercise.kind != Kind::Write) {
            assert!(!tables.contains(exercise.id), "{}", exercise.id);
        }
        assert!(!tables.contains("refuted") && !tables.contains("NONE"), "{tables}");
    }

    #[test]
    fn every_exercise_is_in_the_list_of_its_lab() {
        for exercise in ALL {
            let list = exercises_of(&format!("lab-{}", exercise.lab)).expect("exercises");
            assert!(list.contains(&format!("- **{}** (", exercise.id)), "{list}");
        }
        let error = exercises_of("lab-9").expect_err("no such lab");
        assert_eq!(error.to_string(), "there is no lab with exercises called lab-9");
    }

    #[test]
    fn head_that_does_not_say_what_is_wrong_is_an_error() {
        let good = "//! Verdict: deadlock\n//! It waits\n//! twice.\nfn x() {}\n";
        assert_eq!(row("a.rs", good).expect("a row"), "| deadlock | It waits twice. |\n");
        for bad in ["", "//! Verdict: deadlock\n", "//! It waits.\n//! Twice.\n"] {
            assert!(row("a.rs", bad).is_err(), "{bad}");
        }
    }
}
