//! The files of the exercises, as they are handed out: none is missing, none is
//! left over, and none holds an answer.

use std::fs;
use std::path::{Path, PathBuf};

use shmkv_grader::catalogue::{ALL, Exercise, Section};
use shmkv_labs_runner::places::Places;
use shmkv_labs_runner::prose;

/// Of the workspace itself, whatever the environment names.
fn places() -> Places {
    let here = Places::here();
    here.with_root(&here.workspace)
}

fn text(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// An answer that was committed would be handed out.
#[test]
fn learners_files_are_the_starters() {
    for exercise in ALL {
        let file = places().file(exercise);
        let same = text(&file) == text(&places().starter(exercise));
        let id = exercise.id;
        assert!(
            same,
            "{} is changed; to put it back: cargo run --bin labs -- reset {id}",
            file.display()
        );
    }
}

#[test]
fn every_exercise_has_hints_in_tiers_and_a_solution_that_explains_itself() {
    for exercise in ALL {
        let tiers = text(&places().hints(exercise)).split("\n---\n").count();
        assert!(tiers >= 2, "{}: {tiers} hint", exercise.id);
        assert!(text(&places().solution(exercise)).starts_with("//! "), "{}", exercise.id);
    }
}

/// `explain` shows it.
#[test]
fn every_exercise_has_its_section_in_the_book() {
    for exercise in ALL {
        let Section { chapter, heading } = exercise.section;
        let chapter = text(&places().chapter(chapter));
        let (line, section) = prose::section(&chapter, heading)
            .unwrap_or_else(|| panic!("{}: no section {heading:?}", exercise.id));
        let first = chapter.lines().nth(line - 1).expect("a line");
        assert_eq!(first.trim_start_matches('#').trim(), heading);
        assert!(section.lines().count() > 5, "{}: {section}", exercise.id);
        assert_eq!(chapter.matches(&format!("# {heading}\n")).count(), 1, "{heading}");
    }
}

/// The head of a starter says what to do and how to check it.
#[test]
fn starters_say_goal_given_and_check() {
    for exercise in ALL {
        let Exercise { id, lab, kind, .. } = exercise;
        let starter = text(&places().starter(exercise));
        let check = format!("//! Check: cargo run --bin labs -- check {id}\n");
        assert!(starter.starts_with(&format!("//! Lab {lab}, {kind}: ")), "{id}");
        for part in ["//! Goal: ", "//! Given: ", &check] {
            assert!(starter.contains(part), "{id}: no {part:?}");
        }
    }
}

/// Editors see what the package lists; a file of no exercise is a mistake.
#[test]
fn folders_and_package_list_hold_the_exercises_and_nothing_else() {
    let folder = places().workspace.join("labs/exercises");
    let package = text(&folder.join("Cargo.toml"));
    for exercise in ALL {
        let (id, file) = (exercise.id, exercise.file());
        let listed = format!("name = \"{id}\"\npath = \"{file}\"\ncrate-type = [\"lib\"]\n");
        assert!(package.contains(&listed), "{id} is no example of the package");
    }
    assert_eq!(package.matches("[[example]]").count(), ALL.len());
    for part in ["", "starters", "solutions", "hints", "wrong"] {
        let labs = entries(&folder.join(part)).into_iter().filter(|path| is_lab(path));
        for entry in labs.flat_map(|lab| entries(&lab)) {
            // What `reset` keeps is the learner's own.
            if entry.extension().is_some_and(|end| end == "bak") {
                continue;
            }
            let file = entry.strip_prefix(folder.join(part)).expect("inside").with_extension("rs");
            let known = ALL.iter().any(|exercise| Path::new(&exercise.file()) == file);
            assert!(known, "{} belongs to no exercise", entry.display());
        }
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    read.flatten().map(|entry| entry.path()).collect()
}

fn is_lab(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("lab-"))
}
