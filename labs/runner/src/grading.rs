//! `grade`: all exercises, for instructors.
//!
//! Idea: of a submission, only the learner's files count. They are laid, one by
//! one, into an empty folder and compiled there; what else a submission brings
//! along is not looked at.
//! Limits: an answer that takes in another file is refused, but what the compiler
//! says of it may quote that file; so grade on a machine that holds no secrets.

use std::fs;
use std::path::{Path, PathBuf};

use shmkv_grader::Failure;
use shmkv_grader::catalogue::{ALL, Exercise};

use crate::app::{App, CommandError, Outcome, seed_of_now};
use crate::compile::{self, Libraries};
use crate::grade::{self, Effort, Graded};
use crate::places::Places;
use crate::reports::{self, Output, Row};
use crate::screen::Tone;
use crate::waiting::Waiting;
use crate::workshop::Folder;

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
/// See [`CommandError`]; [`CommandError::Unchecked`] where the machine was in the way
/// of some of them: the reports are written then.
pub fn grade(app: &mut App<'_>, order: &Order) -> Outcome<bool> {
    let reports = Reports::open(order)?;
    let submitted = order.from.as_deref().map(|from| find_all(&app.places, from)).transpose()?;
    let mut desk = Desk::new(app, submitted);
    let mut rows: Vec<Row> = Vec::new();
    let line = Waiting::for_all(ALL.len());
    for exercise in ALL {
        line.turn_to(exercise.id);
        let seed = order.seed.unwrap_or_else(seed_of_now);
        let checked = match &mut desk {
            Ok(desk) => desk.grade(exercise, seed),
            Err(why) => Err(why.clone()),
        };
        let row = Row { exercise, checked };
        line.done(|| say(app, &row))?;
        rows.push(row);
    }
    drop(line);
    let points: u32 = rows.iter().map(Row::points).sum();
    let possible: u32 = ALL.iter().map(|exercise| exercise.kind.points()).sum();
    let passed = rows.iter().filter(|row| row.passed()).count();
    app.screen.line(&format!(
        "{passed} of {} exercises passed: {points} of {possible} points",
        rows.len()
    ))?;
    reports.write(&rows)?;
    match rows.iter().filter(|row| row.checked.is_err()).count() {
        0 => Ok(passed == rows.len()),
        unchecked => Err(CommandError::Unchecked { unchecked, of: rows.len() }),
    }
}

fn say(app: &mut App<'_>, row: &Row) -> Outcome<()> {
    let (tone, words) = match &row.checked {
        // What programs say can have many lines; the reports have them all.
        Err(why) => {
            let why = why.lines().next().unwrap_or_default();
            (Tone::Bad, format!("could not check: {why}"))
        }
        Ok(graded) => graded
            .failure()
            .map_or((Tone::Good, "passed".into()), |failure| (Tone::Bad, failure.to_string())),
    };
    let words = app.screen.paint(tone, &words);
    app.screen.line(&format!("lab {}  {:<18} {words}", row.exercise.lab, row.exercise.id))?;
    Ok(())
}

/// A report: its file, if it is wanted, and its form.
type Report<'a> = (Option<(Output, &'a Path)>, fn(&[Row]) -> String);

/// The reports that there can be.
struct Reports<'a>([Report<'a>; 3]);

impl<'a> Reports<'a> {
    /// Opens them all: what cannot be written is known before anything is graded.
    fn open(order: &'a Order) -> Outcome<Self> {
        let open = |file: &'a Option<PathBuf>| {
            let Some(file) = file else { return Ok(None) };
            let opened = Output::open(file).map_err(|source| writing(file, source))?;
            Ok::<_, CommandError>(Some((opened, file.as_path())))
        };
        Ok(Self([
            (open(&order.json)?, reports::to_json),
            (open(&order.junit)?, reports::to_junit),
            (open(&order.points)?, reports::to_points),
        ]))
    }

    /// Writes all that can be written; the first error counts.
    fn write(self, rows: &[Row]) -> Outcome<()> {
        let written = self.0.map(|(output, form)| {
            let Some((output, file)) = output else { return Ok(()) };
            output.write(&form(rows)).map_err(|source| writing(file, source))
        });
        written.into_iter().collect()
    }
}

fn writing(file: &Path, source: std::io::Error) -> CommandError {
    CommandError::File { what: format!("writing {}", file.display()), source }
}

/// What grading takes.
struct Desk {
    libraries: Libraries,
    places: Places,
    submission: Option<(Folder, Vec<Submitted>)>,
}

impl Desk {
    /// `Err` says why nothing can be graded here.
    fn new(app: &mut App<'_>, submitted: Option<Vec<Submitted>>) -> Result<Self, String> {
        let mut libraries = app.libraries().map_err(|error| reason(&error))?;
        libraries.colour = false;
        let mut places = app.places.clone();
        let submission = match submitted {
            Some(submitted) => {
                let folder = libraries.new_folder().map_err(|error| error.to_string())?;
                places = places.with_root(folder.path());
                libraries.base.clone_from(&places.root);
                Some((folder, submitted))
            }
            None => None,
        };
        Ok(Self { libraries, places, submission })
    }

    /// Grades one exercise; `Err` says why that could not be done.
    fn grade(&self, exercise: &'static Exercise, seed: u64) -> Result<Graded, String> {
        let file = self.places.file(exercise);
        if let Some((_, submitted)) = &self.submission {
            let found = submitted.iter().find(|submitted| submitted.exercise == exercise);
            match found.map(|found| &found.file) {
                Some(Found::Unusual { what }) => {
                    let sentence = format!("It is not graded: {what}.");
                    return Ok(Graded::without_check(Failure::DoesNotCompile, sentence, seed));
                }
                Some(Found::Text(text)) => lay_out(&file, text)?,
                None => {
                    let starter = self.libraries.handed_out().starter(exercise);
                    let text = fs::read(&starter);
                    lay_out(&file, &text.map_err(|e| format!("{}: {e}", starter.display()))?)?;
                }
            }
        }
        grade::grade(&self.libraries, exercise, &file, seed, Effort::default())
            .map_err(|error| error.to_string())
    }
}

/// The error without what is said of every one.
fn reason(error: &CommandError) -> String {
    match error {
        CommandError::Grade(error) => error.to_string(),
        other => other.to_string(),
    }
}

fn lay_out(file: &Path, text: &[u8]) -> Result<(), String> {
    let folder = file.parent().map_or(Ok(()), fs::create_dir_all);
    folder
        .and_then(|()| fs::write(file, text))
        .map_err(|error| format!("writing {}: {error}", file.display()))
}

/// A learner's file of a submission.
struct Submitted {
    exercise: &'static Exercise,
    file: Found,
}

/// What stands in the place of a learner's file.
enum Found {
    Text(Vec<u8>),
    /// Something that is not graded.
    Unusual {
        what: String,
    },
}

/// Reads the learner's files of the submission in `from`.
fn find_all(places: &Places, from: &Path) -> Outcome<Vec<Submitted>> {
    let submitted = places.with_root(from);
    let mut all = Vec::new();
    for exercise in ALL {
        if let Some(file) = find(&submitted, from, exercise)? {
            all.push(Submitted { exercise, file });
        }
    }
    match all.is_empty() {
        false => Ok(all),
        true => Err(CommandError::Usage(format!(
            "{} holds no exercise: neither {} nor any other",
            from.display(),
            submitted.file(&ALL[0]).display()
        ))),
    }
}

/// The learner's file in a submission, which is a copy of the whole repository
/// or of the exercises only; `None` where there is none.
fn find(submitted: &Places, from: &Path, exercise: &Exercise) -> Outcome<Option<Found>> {
    for file in [submitted.file(exercise), from.join(exercise.file())] {
        let Ok(below) = file.strip_prefix(from) else { continue };
        if let Some(link) = link_in(from, below) {
            let what = format!("{} is a symbolic link", link.display());
            return Ok(Some(Found::Unusual { what }));
        }
        if fs::symlink_metadata(&file).is_err() {
            continue;
        }
        let reading =
            |source| CommandError::File { what: format!("reading {}", file.display()), source };
        return Ok(Some(match compile::unusual(&file).map_err(reading)? {
            Some(what) => Found::Unusual { what },
            None => Found::Text(fs::read(&file).map_err(reading)?),
        }));
    }
    Ok(None)
}

/// The first part of `below` that is a link, and so leads to what belongs to others.
fn link_in<'a>(from: &Path, below: &'a Path) -> Option<&'a Path> {
    let mut parts: Vec<&Path> = below.ancestors().collect();
    parts.reverse();
    let is_link =
        |part: &&Path| from.join(part).symlink_metadata().is_ok_and(|data| data.is_symlink());
    parts.into_iter().filter(|part| !part.as_os_str().is_empty()).find(is_link)
}
