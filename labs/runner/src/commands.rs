//! The commands for learners, one function each; `watch` and `grade` have files
//! of their own.

use std::fs;
use std::path::Path;

use shmkv_grader::catalogue::{ALL, Exercise};

use crate::app::{App, CommandError, Outcome, seed_of_now};
use crate::explain;
use crate::grade;
use crate::screen::{Tone, bar};

/// Between two hints in a file of hints.
const NEXT_HINT: &str = "\n---\n";

/// Says where the learner is, and what is next.
///
/// # Errors
/// See [`CommandError`].
pub fn overview(app: &mut App<'_>) -> Outcome<()> {
    progress(app)?;
    app.screen.line("")?;
    for lab in labs() {
        let of_lab = || ALL.iter().filter(move |exercise| exercise.lab == lab);
        let passed = of_lab().filter(|exercise| app.progress.of(exercise).passed).count();
        app.screen.line(&format!("  lab {lab}   {passed} of {}", of_lab().count()))?;
    }
    app.screen.line("")?;
    match app.progress.next() {
        Some(exercise) => next(app, exercise),
        None => app
            .screen
            .line("All of them pass. To have all checked again: grade")
            .map_err(Into::into),
    }
}

/// How many exercises have passed, in one line.
///
/// # Errors
/// See [`CommandError`].
pub fn progress(app: &mut App<'_>) -> Outcome<()> {
    let (done, all) = (app.progress.passed(), ALL.len());
    let bar = app.screen.paint(Tone::Good, &bar(done, all));
    app.screen.line(&format!("Exercises {done}/{all} {bar}"))?;
    Ok(())
}

fn labs() -> impl Iterator<Item = u32> {
    let mut labs: Vec<u32> = ALL.iter().map(|exercise| exercise.lab).collect();
    labs.dedup();
    labs.into_iter()
}

fn next(app: &mut App<'_>, exercise: &Exercise) -> Outcome<()> {
    let id = app.screen.paint(Tone::Name, exercise.id);
    let entry = app.progress.of(exercise);
    let file = app.places.file(exercise);
    let file = app.places.at_line(&file, 1);
    let Exercise { lab, kind, title, minutes, .. } = exercise;
    app.screen.line(&format!("Next: {id} (lab {lab}, {kind}, about {minutes} minutes)"))?;
    app.screen.line(&format!("  {title}"))?;
    app.screen.line(&format!("  {:<8} {file}", "file"))?;
    if let Some(failure) = entry.failure {
        let checks = entry.checks;
        let times = if checks == 1 { "check" } else { "checks" };
        app.screen.line(&format!("  {:<8} {failure}, after {checks} {times}", "so far"))?;
    }
    app.screen.line("")?;
    for (command, what) in [
        ("check", "check it"),
        ("watch", "check it whenever you save; it has keys"),
        ("hint", "a hint, and one more each time"),
        ("explain", "what the book says about it"),
        ("list", "all exercises; --help for the rest"),
    ] {
        let line = format!("cargo run --bin labs -- {command:<8}");
        let line = app.screen.paint(Tone::Name, &line);
        app.screen.line(&format!("  {line}  {what}"))?;
    }
    Ok(())
}

/// Lists all exercises, on one screen.
///
/// # Errors
/// See [`CommandError`].
pub fn list(app: &mut App<'_>) -> Outcome<()> {
    progress(app)?;
    let mut lab_before = None;
    for exercise in ALL {
        let entry = app.progress.of(exercise);
        let (tone, state) = match (entry.passed, entry.failure) {
            (true, _) => (Tone::Good, "passed"),
            (false, Some(failure)) => (Tone::Bad, failure.words()),
            (false, None) => (Tone::Quiet, "not checked"),
        };
        let state = app.screen.paint(tone, state);
        let Exercise { lab, id, kind, minutes, .. } = exercise;
        let heading = match lab_before.replace(lab) == Some(lab) {
            true => String::new(),
            false => format!("lab {lab}"),
        };
        let points = match kind.points() {
            1 => "1 point".to_owned(),
            more => format!("{more} points"),
        };
        app.screen.line(&format!(
            "{heading:<6} {id:<18} {kind:<8} {points:<9} {minutes:>2} minutes  {state}"
        ))?;
    }
    Ok(())
}

/// Checks the learner's answer. Whether it passed.
///
/// # Errors
/// See [`CommandError`].
pub fn check(app: &mut App<'_>, id: Option<&str>, seed: Option<u64>) -> Outcome<bool> {
    let exercise = app.exercise(id)?;
    let passed = app.check(exercise, seed.unwrap_or_else(seed_of_now))?;
    if passed {
        app.screen.line("")?;
        name_solution(app, exercise)?;
        go_on(app)?;
    }
    Ok(passed)
}

/// Says where a solution of `passed` is.
///
/// # Errors
/// See [`CommandError`].
pub fn name_solution(app: &mut App<'_>, passed: &Exercise) -> Outcome<()> {
    let solution = app.places.solution(passed);
    if solution.exists() {
        let solution = app.places.at_line(&solution, 1);
        app.screen.line(&format!("Solution: {solution}"))?;
    }
    Ok(())
}

/// Names the next exercise; after the last one, all are checked again.
///
/// # Errors
/// See [`CommandError`].
pub fn go_on(app: &mut App<'_>) -> Outcome<()> {
    if let Some(exercise) = app.progress.next() {
        return name_next(app, exercise);
    }
    app.screen.line("That was the last one. All are checked once more, as they are now:")?;
    for exercise in ALL {
        let graded = app.grade(exercise, seed_of_now())?;
        app.progress.note(exercise, graded.failure());
        let (tone, word) =
            graded.failure().map_or((Tone::Good, "passed"), |f| (Tone::Bad, f.words()));
        let word = app.screen.paint(tone, word);
        app.screen.line(&format!("  {:<18} {word}", exercise.id))?;
    }
    app.save()?;
    match app.progress.next() {
        None => app.screen.line("All of them pass.").map_err(Into::into),
        Some(exercise) => name_next(app, exercise),
    }
}

/// Names the next exercise in one line.
fn name_next(app: &mut App<'_>, exercise: &Exercise) -> Outcome<()> {
    let id = app.screen.paint(Tone::Name, exercise.id);
    let file = app.places.at_line(&app.places.file(exercise), 1);
    app.screen.line(&format!("Next: {id}, {file}"))?;
    Ok(())
}

/// Gives one hint more than last time.
///
/// # Errors
/// See [`CommandError`].
pub fn hint(app: &mut App<'_>, id: Option<&str>) -> Outcome<()> {
    let exercise = app.exercise(id)?;
    let text = read(&app.places.hints(exercise))?;
    let hints: Vec<&str> = text.split(NEXT_HINT).map(str::trim).collect();
    let given = (app.progress.of(exercise).hints + 1).min(hints.len());
    app.progress.entry(exercise).hints = given;
    app.save()?;
    for (hint, number) in hints.iter().take(given).zip(1..) {
        let head = format!("{}, hint {number} of {}", exercise.id, hints.len());
        let head = app.screen.paint(Tone::Name, &head);
        app.screen.line(&head)?;
        app.screen.indented(2, hint)?;
    }
    Ok(())
}

/// Puts the learner's file back as it was handed out, and keeps theirs.
///
/// # Errors
/// See [`CommandError`].
pub fn reset(app: &mut App<'_>, id: &str) -> Outcome<()> {
    let exercise = app.exercise(Some(id))?;
    let (file, starter) = (app.places.file(exercise), app.places.starter(exercise));
    let kept = file.with_extension("rs.bak");
    let show = |path: &Path| app.places.shorten(path);
    let changed = app.places.is_changed(exercise) && file.exists();
    if changed {
        copy(&file, &kept)?;
    }
    copy(&starter, &file)?;
    let mut said = format!("{} is as it was handed out.", show(&file));
    if changed {
        said += &format!(" Yours is kept as {}.", show(&kept));
    }
    app.screen.line(&said)?;
    let entry = app.progress.entry(exercise);
    (entry.passed, entry.failure) = (false, None);
    app.save()
}

/// Shows an answer that passes.
///
/// # Errors
/// See [`CommandError`].
pub fn solution(app: &mut App<'_>, id: &str, spoil: bool) -> Outcome<()> {
    let exercise = app.exercise(Some(id))?;
    if !spoil && !app.progress.of(exercise).passed {
        let sentence = format!("{id} has not passed yet; to see an answer all the same: --spoil");
        return Err(CommandError::Usage(sentence));
    }
    let file = app.places.solution(exercise);
    let text = read(&file)?;
    let name = app.places.at_line(&file, 1);
    let name = app.screen.paint(Tone::Name, &name);
    app.screen.line(&name)?;
    app.screen.indented(2, &text)?;
    Ok(())
}

/// Shows what the book says about an exercise.
///
/// # Errors
/// See [`CommandError`].
pub fn explain(app: &mut App<'_>, id: Option<&str>) -> Outcome<()> {
    let exercise = app.exercise(id)?;
    explain::section(app, exercise)
}

/// Runs one schedule of the learner's answer.
///
/// # Errors
/// See [`CommandError`].
pub fn replay(app: &mut App<'_>, id: &str, schedule: &str, trial: usize, seed: u64) -> Outcome<()> {
    let exercise = app.exercise(Some(id))?;
    let file = app.places.file(exercise);
    let libraries = app.libraries()?;
    let shown = grade::replay(&libraries, exercise, &file, seed, trial, schedule)?;
    app.screen.line(&shown.name)?;
    app.screen.indented(2, &shown.timeline)?;
    app.screen.line("")?;
    app.screen.line(&format!("  {}", shown.verdict))?;
    Ok(())
}

fn read(file: &Path) -> Outcome<String> {
    let failed =
        |source| CommandError::File { what: format!("reading {}", file.display()), source };
    fs::read_to_string(file).map_err(failed)
}

fn copy(from: &Path, to: &Path) -> Outcome<()> {
    let what = || format!("copying {} to {}", from.display(), to.display());
    fs::copy(from, to).map_err(|source| CommandError::File { what: what(), source })?;
    Ok(())
}
