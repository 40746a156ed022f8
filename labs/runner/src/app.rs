//! What the commands have in common: where things are, what was done so far,
//! and how an answer is checked.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use shmkv_grader::catalogue::{self, ALL, Exercise};

use crate::compile::{self, CompileError, Libraries};
use crate::grade::{self, Effort, GradeError, Graded};
use crate::places::Places;
use crate::progress::{Progress, ProgressError};
use crate::screen::Screen;
use crate::show;
use crate::waiting::Waiting;

/// Why a command could not be carried out, in a sentence.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// What was asked for does not exist, or not yet.
    #[error("{0}")]
    Usage(String),
    /// Nothing could be graded.
    #[error("could not check: {0}")]
    Grade(#[from] GradeError),
    /// The machine was in the way of some exercises.
    #[error("could not check {unchecked} of {of} exercises; no points are lost by that")]
    Unchecked {
        /// Of how many.
        unchecked: usize,
        /// How many there are.
        of: usize,
    },
    /// The progress file.
    #[error(transparent)]
    Progress(#[from] ProgressError),
    /// A file.
    #[error("{what}: {source}")]
    File {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
    /// The section of the book cannot be shown.
    #[error("{why}; in a copy of the book, read {chapter:?}, section {heading:?}")]
    NoSection {
        /// Why not.
        why: String,
        /// Its chapter.
        chapter: &'static str,
        /// Its heading.
        heading: &'static str,
    },
    /// Nobody reads what is written.
    #[error("output could not be written: {0}")]
    Output(#[from] io::Error),
}

impl From<CompileError> for CommandError {
    fn from(error: CompileError) -> Self {
        Self::Grade(error.into())
    }
}

/// A result of commands.
pub type Outcome<T> = Result<T, CommandError>;

/// The runner, while it carries out a command.
pub struct App<'a> {
    /// Where things are.
    pub places: Places,
    /// Where output goes.
    pub screen: Screen<'a>,
    /// What was done so far.
    pub progress: Progress,
    libraries: Option<Libraries>,
}

impl<'a> App<'a> {
    /// Begins in `places`, with what was done so far. Where the progress file is
    /// damaged, it is rebuilt.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub fn new(places: Places, screen: Screen<'a>) -> Outcome<Self> {
        let loaded = Progress::load(&places.progress());
        let mut app = Self { places, screen, progress: Progress::default(), libraries: None };
        match loaded {
            Ok(progress) => app.progress = progress,
            Err(error @ ProgressError::Damaged { .. }) => app.rebuild(&error)?,
            Err(error) => return Err(error.into()),
        }
        Ok(app)
    }

    /// Finds out again what has passed: by checking whatever was changed.
    fn rebuild(&mut self, damage: &dyn fmt::Display) -> Outcome<()> {
        self.screen.line(&format!("{damage}. It is rebuilt: what you changed is checked."))?;
        for exercise in ALL {
            if !self.places.is_changed(exercise) || !self.places.file(exercise).exists() {
                continue;
            }
            let graded = self.grade(exercise, seed_of_now())?;
            self.progress.note(exercise, graded.failure());
            let result = graded.failure().map_or("passed", |failure| failure.words());
            self.screen.line(&format!("  {:<18} {result}", exercise.id))?;
        }
        self.save()
    }

    /// Writes down what was done.
    ///
    /// # Errors
    /// [`CommandError::Progress`].
    pub fn save(&self) -> Outcome<()> {
        Ok(self.progress.save(&self.places.progress())?)
    }

    /// The exercise called `id`; where there is no `id`, the next one.
    ///
    /// # Errors
    /// [`CommandError::Usage`].
    pub fn exercise(&self, id: Option<&str>) -> Outcome<&'static Exercise> {
        match id {
            None => self.progress.next().ok_or_else(|| {
                CommandError::Usage("all exercises have passed; name the one you mean".into())
            }),
            Some(id) => catalogue::find(id).ok_or_else(|| no_such(id)),
        }
    }

    /// The libraries, built at the first use.
    ///
    /// # Errors
    /// [`CommandError::Grade`].
    pub fn libraries(&mut self) -> Outcome<Libraries> {
        if let Some(libraries) = &self.libraries {
            return Ok(libraries.clone());
        }
        let mut libraries = Libraries::build(&self.places)?;
        libraries.colour = self.screen.is_coloured();
        libraries.base.clone_from(&self.places.here);
        Ok(self.libraries.insert(libraries).clone())
    }

    /// Grades the learner's file.
    ///
    /// # Errors
    /// [`CommandError::Grade`]; [`CommandError::Usage`] where there is no file.
    pub fn grade(&mut self, exercise: &Exercise, seed: u64) -> Outcome<Graded> {
        let file = self.places.file(exercise);
        if !file.exists() {
            let file = self.places.shorten(&file);
            let reset = format!("cargo run --bin labs -- reset {}", exercise.id);
            return Err(CommandError::Usage(format!(
                "{file} is not there; to bring it back: {reset}"
            )));
        }
        let _line = Waiting::for_one(exercise.id);
        let libraries = self.libraries()?;
        Ok(grade::grade(&libraries, exercise, &file, seed, Effort::default())?)
    }

    /// Grades the learner's file, shows what was found, and writes it down.
    /// Whether it passed.
    ///
    /// # Errors
    /// See [`CommandError`].
    pub fn check(&mut self, exercise: &'static Exercise, seed: u64) -> Outcome<bool> {
        let graded = self.grade(exercise, seed)?;
        let file = self.places.file(exercise);
        let place = self.places.at_line(&file, line_of_answer(&file, exercise));
        show::graded(&mut self.screen, exercise, &graded, &place)?;
        self.progress.note(exercise, graded.failure());
        self.save()?;
        Ok(graded.passed())
    }
}

/// The line of `file` at which the answer begins; the first where it does not.
fn line_of_answer(file: &Path, exercise: &Exercise) -> usize {
    // Reading a pipe would wait.
    let is_text = compile::unusual(file).is_ok_and(|what| what.is_none());
    let text = if is_text { fs::read_to_string(file).unwrap_or_default() } else { String::new() };
    let begins = |line: &str| {
        let mut words = line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
        let after = words.find(|word| matches!(*word, "fn" | "const"));
        after.and(words.next()).is_some_and(|name| exercise.items.contains(&name))
    };
    text.lines().position(begins).map_or(1, |index| index + 1)
}

fn no_such(id: &str) -> CommandError {
    let ids: Vec<&str> = ALL.iter().map(|exercise| exercise.id).collect();
    CommandError::Usage(format!("there is no exercise {id:?}; they are: {}", ids.join(", ")))
}

/// A seed that differs from check to check, short enough to be typed.
pub fn seed_of_now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    1 + u64::from(now.subsec_nanos()) % 9_999
}
