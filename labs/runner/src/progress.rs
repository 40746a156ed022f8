//! What a learner has done so far, in one small file.
//!
//! Idea: the file says what the exercises cannot say again themselves: how many
//! hints were given, and which checks have passed. Replaced whole by rename(2),
//! it is never seen half written. Where it is damaged, whoever asked is told,
//! and rebuilds it by checking.
//! Limits: two runners at once: the last one to write wins.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shmkv_grader::Failure;
use shmkv_grader::catalogue::{ALL, Exercise};
use tempfile::NamedTempFile;

/// The form of the file.
const VERSION: u32 = 1;

/// What a learner has done so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    version: u32,
    exercises: BTreeMap<String, Entry>,
}

/// What a learner has done in one exercise.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Whether the last check passed.
    pub passed: bool,
    /// How many checks there were.
    pub checks: u32,
    /// How many hints were given.
    pub hints: usize,
    /// What was wrong in the last check.
    pub failure: Option<Failure>,
}

/// A progress file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgressError {
    /// It is not what this program writes.
    #[error("{} is damaged: {why}", file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// In which way.
        why: String,
    },
    /// It could not be read or written.
    #[error("{}: {source}", file.display())]
    Io {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Default for Progress {
    fn default() -> Self {
        Self { version: VERSION, exercises: BTreeMap::new() }
    }
}

impl Progress {
    /// Reads `file`; where there is none, nothing has been done yet.
    ///
    /// # Errors
    /// See [`ProgressError`].
    pub fn load(file: &Path) -> Result<Self, ProgressError> {
        let damaged = |why| ProgressError::Damaged { file: file.to_owned(), why };
        let text = match fs::read(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => return Err(ProgressError::Io { file: file.to_owned(), source }),
        };
        let progress: Self =
            serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
        match progress.version {
            VERSION => Ok(progress),
            other => Err(damaged(format!("it has form {other}, and this program knows {VERSION}"))),
        }
    }

    /// Replaces `file`.
    ///
    /// # Errors
    /// [`ProgressError::Io`]; the file is as it was.
    pub fn save(&self, file: &Path) -> Result<(), ProgressError> {
        let folder = file.parent().unwrap_or(Path::new("."));
        let write = || -> io::Result<()> {
            let mut draft = NamedTempFile::new_in(folder)?;
            serde_json::to_writer_pretty(&mut draft, self)?;
            draft.write_all(b"\n")?;
            draft.as_file().sync_all()?;
            draft.persist(file)?;
            Ok(())
        };
        write().map_err(|source| ProgressError::Io { file: file.to_owned(), source })
    }

    /// What has been done in `exercise`.
    pub fn of(&self, exercise: &Exercise) -> Entry {
        self.exercises.get(exercise.id).cloned().unwrap_or_default()
    }

    /// What has been done in `exercise`, to be changed.
    pub fn entry(&mut self, exercise: &Exercise) -> &mut Entry {
        self.exercises.entry(exercise.id.to_owned()).or_default()
    }

    /// Notes a check.
    pub fn note(&mut self, exercise: &Exercise, failure: Option<Failure>) {
        let entry = self.entry(exercise);
        entry.checks += 1;
        entry.passed = failure.is_none();
        entry.failure = failure;
    }

    /// How many exercises have passed.
    pub fn passed(&self) -> usize {
        ALL.iter().filter(|exercise| self.of(exercise).passed).count()
    }

    /// The first exercise that has not passed.
    pub fn next(&self) -> Option<&'static Exercise> {
        ALL.iter().find(|exercise| !self.of(exercise).passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        tempfile::tempdir().expect("a folder")
    }

    #[test]
    fn progress_reads_back_as_it_was_saved() {
        let folder = folder();
        let file = folder.path().join("progress.json");
        assert_eq!(Progress::load(&file).expect("none yet"), Progress::default());

        let mut progress = Progress::default();
        progress.note(&ALL[0], None);
        progress.note(&ALL[1], Some(Failure::Deadlock));
        progress.save(&file).expect("it can be written");
        assert_eq!(Progress::load(&file).expect("it can be read"), progress);
        assert_eq!(progress.next(), Some(&ALL[1]));

        let left = fs::read_dir(folder.path()).expect("the folder").count();
        assert_eq!(left, 1, "the draft has become the file");
    }

    #[test]
    fn a_file_that_is_cut_or_of_another_form_is_damaged() {
        let folder = folder();
        let file = folder.path().join("progress.json");
        for text in ["", "{\"version\":1,\"exer", "{\"version\":2,\"exercises\":{}}", "[]"] {
            fs::write(&file, text).expect("it can be written");
            let error = Progress::load(&file).expect_err(text);
            assert!(matches!(error, ProgressError::Damaged { .. }), "{error}");
        }
    }
}
