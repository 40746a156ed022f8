//! `grade`: all exercises, for instructors.
//!
//! Idea: of a submission, only the learner's files count. They are laid, one by
//! one, into an empty folder and compiled there; what else a submission brings
//! along is not looked at.
//! Limits: an answer that takes in another file is refused, but what the compiler
//! says of it may quote that file; so grade on a machine that holds no secrets.

use std::fs;
use std::path::{Path, PathBuf};

use shmkv_grader::catalogue::{ALL, Exercise};
use tempfile::TempDir;

use crate::app::{App, CommandError, Outcome, seed_of_now};
use crate::grade::{self, Effort};
use crate::places::Places;
use crate::reports::{self, Row};
use crate::screen::Tone;

/// The most bytes of a submitted file; a learner's file has a few thousand.
const LONGEST: u64 = 256 << 10;

/// What to grade, and what to write.
#[derive(Debug, Default)]
pub struct Order {
    /// Where everything goes as JSON.
    pub json: Option<PathBuf>,
    /// Where the JUnit report goes.
    pub junit: Option<PathBuf>,
    /// Where the points go.
    pub points: Option<PathBuf>,
    /// The submission; without it, the files that are here.
    pub from: Option<PathBuf>,
    /// The seed of the hidden inputs.
    pub seed: Option<u64>,
}

/// Grades all exercises. Whether all passed.
///
/// # Errors
/// See [`CommandError`].
pub fn grade(app: &mut App<'_>, order: &Order) -> Outcome<bool> {
    let submission = order.from.as_deref().map(|from| lay_out(&app.places, from)).transpose()?;
    let mut libraries = app.libraries()?;
    libraries.colour = false;
    let mut places = app.places.clone();
    if let Some(folder) = &submission {
        places = places.with_root(folder.path());
        libraries.base.clone_from(&places.root);
    }
    let mut rows: Vec<Row> = Vec::new();
    for exercise in ALL {
        let seed = order.seed.unwrap_or_else(seed_of_now);
        let file = places.file(exercise);
        let graded = grade::grade(&libraries, exercise, &file, seed, Effort::default())?;
        let (tone, word) =
            graded.failure().map_or((Tone::Good, "passed"), |f| (Tone::Bad, f.words()));
        let word = app.screen.paint(tone, word);
        app.screen.line(&format!("lab {}  {:<18} {word}", exercise.lab, exercise.id))?;
        rows.push((exercise, graded));
    }
    let points: u32 = rows.iter().map(reports::points_of).sum();
    let possible: u32 = ALL.iter().map(|exercise| exercise.kind.points()).sum();
    let passed = rows.iter().filter(|(_, graded)| graded.passed()).count();
    app.screen.line(&format!(
        "{passed} of {} exercises passed: {points} of {possible} points",
        rows.len()
    ))?;
    write_reports(order, &rows)?;
    Ok(passed == rows.len())
}

fn write_reports(order: &Order, rows: &[Row]) -> Outcome<()> {
    let write = |file: &Option<PathBuf>, form: fn(&[Row]) -> String| {
        let Some(file) = file else { return Ok(()) };
        let what = || format!("writing {}", file.display());
        reports::write(file, &form(rows))
            .map_err(|source| CommandError::File { what: what(), source })
    };
    write(&order.json, reports::to_json)?;
    write(&order.junit, reports::to_junit)?;
    write(&order.points, reports::to_points)
}

/// Lays the learner's files of the submission in `from` into a folder of their
/// own; where one is missing, the one that was handed out.
fn lay_out(places: &Places, from: &Path) -> Outcome<TempDir> {
    let io = |what: String| move |source| CommandError::File { what, source };
    let folder = TempDir::new().map_err(io("making a folder".into()))?;
    let clean = places.with_root(folder.path());
    let submitted = places.with_root(from);
    if !ALL.iter().any(|exercise| submitted_file(&submitted, from, exercise).is_some()) {
        let sentence = format!(
            "{} holds no exercise: neither {} nor any other",
            from.display(),
            submitted.file(&ALL[0]).display()
        );
        return Err(CommandError::Usage(sentence));
    }
    for exercise in ALL {
        let file = submitted_file(&submitted, from, exercise);
        let source = file.unwrap_or_else(|| places.starter(exercise));
        let target = clean.file(exercise);
        let what = || format!("copying {}", source.display());
        target
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| fs::copy(&source, &target))
            .map_err(io(what()))?;
    }
    Ok(folder)
}

/// The learner's file in a submission, which is a copy of the whole repository
/// or of the exercises only. Links and what is too long are no files.
fn submitted_file(submitted: &Places, from: &Path, exercise: &Exercise) -> Option<PathBuf> {
    [submitted.file(exercise), from.join(exercise.file())].into_iter().find(|file| {
        let data = fs::symlink_metadata(file);
        data.is_ok_and(|data| data.is_file() && data.len() <= LONGEST)
    })
}
