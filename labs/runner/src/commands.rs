//! The commands for learners, one function each; `watch` and `grade` have files
//! of their own.

use std::fs;
use std::path::Path;

use shmkv_grader::catalogue::{ALL, Exercise};

use crate::app::{App, CommandError, Outcome, seed_of_now};
use crate::grade;
use crate::screen::{Tone, bar};

/// The width of the bar, in characters.
const BAR: usize = 30;

/// Between two hints in a file of hints.
const NEXT_HINT: &str = "\n---\n";

/// Says where the learner is, and what is next.
///
/// # Errors
/// See [`CommandError`].
pub fn overview(app: &mut App<'_>) -> Outcome<()> {
    let (done, all) = (app.progress.passed(), ALL.len());
    let bar = app.screen.paint(Tone::Good, &bar(done, all, BAR));
    app.screen.line(&format!("{bar}  {done} of {all} exercises passed"))?;
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

fn labs() -> impl Iterator<Item = u32> {
    let mut labs: Vec<u32> = ALL.iter().map(|exercise| exercise.lab).collect();
    labs.dedup();
    labs.into_iter()
}

fn next(app: &mut App<'_>, exercise: &Exercise) -> Outcome<()> {
    let id = app.screen.paint(Tone::Name, exercise.id);
    let entry = app.progress.of(exercise);
    let file = app.places.file(exercise);
    let file = app.places.shorten(&file).display().to_string();
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
        ("watch", "check it whenever you save"),
        ("hint", "a hint, and one more each time"),
        ("explain", "the chapter of the book"),
        ("list", "all exercises; --help for the rest"),
    ] {
        let line = format!("cargo run --bin labs -- {command:<8}");
        let line = app.screen.paint(Tone::Name, &line);
        app.screen.line(&format!("  {line}  {what}"))?;
    }
    Ok(())
}

/// Lists all exercises.
///
/// # Errors
/// See [`CommandError`].
pub fn list(app: &mut App<'_>) -> Outcome<()> {
    for exercise in ALL {
        let entry = app.progress.of(exercise);
        let (tone, state) = match (entry.passed, entry.failure) {
            (true, _) => (Tone::Good, "passed"),
            (false, Some(failure)) => (Tone::Bad, failure.words()),
            (false, None) => (Tone::Quiet, "not checked"),
        };
        let state = app.screen.paint(tone, state);
        let Exercise { lab, id, kind, title, .. } = exercise;
        app.screen.line(&format!("lab {lab}  {id:<18} {kind:<8} {state}"))?;
        app.screen.indented(7, title)?;
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
        after_pass(app, exercise)?;
    }
    Ok(passed)
}

/// Says where a solution of `passed` is, and names the next exercise; after the
/// last one, all are checked again.
///
/// # Errors
/// See [`CommandError`].
pub fn after_pass(app: &mut App<'_>, passed: &Exercise) -> Outcome<()> {
    app.screen.line("")?;
    let solution = app.places.solution(passed);
    if solution.exists() {
        let solution = app.places.shorten(&solution).display();
        app.screen.line(&format!("Solution: {solution}:1"))?;
    }
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
    let file = app.places.file(exercise);
    let file = app.places.shorten(&file).display();
    app.screen.line(&format!("Next: {id}, {file}:1"))?;
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
    let show = |path: &Path| app.places.shorten(path).display().to_string();
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
    let name = app.places.shorten(&file).display().to_string();
    let name = app.screen.paint(Tone::Name, &name);
    app.screen.line(&name)?;
    app.screen.indented(2, &text)?;
    Ok(())
}

/// Says which chapter explains an exercise.
///
/// # Errors
/// See [`CommandError`].
pub fn explain(app: &mut App<'_>, id: Option<&str>) -> Outcome<()> {
    let exercise = app.exercise(id)?;
    let chapter = app.places.chapter(exercise);
    let chapter = app.places.shorten(&chapter).display().to_string();
    app.screen.line(&format!("{} belongs to lab {}.", exercise.id, exercise.lab))?;
    app.screen.line(&format!("  to read it here       {chapter}"))?;
    app.screen.line("  to read it in a browser  cargo run --bin book")?;
    Ok(())
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
