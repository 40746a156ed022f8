//! What an instructor gets: everything as JSON, a JUnit report, the points.

mod json;
mod junit;
mod points;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use shmkv_grader::catalogue::Exercise;

use crate::grade::Graded;

pub use json::to_json;
pub use junit::to_junit;
pub use points::to_points;

/// One exercise with its grade.
#[derive(Debug)]
pub struct Row {
    /// The exercise.
    pub exercise: &'static Exercise,
    /// What was found; `Err`: why it could not be checked, for no fault of the answer's.
    pub checked: Result<Graded, String>,
}

impl Row {
    /// Whether it passed.
    pub fn passed(&self) -> bool {
        self.checked.as_ref().is_ok_and(Graded::passed)
    }

    /// Its points. Where it could not be checked it has none yet, and has lost none.
    pub fn points(&self) -> u32 {
        if self.passed() { self.exercise.kind.points() } else { 0 }
    }
}

/// A report's file, opened before there is anything to report.
#[derive(Debug)]
pub struct Output(File);

impl Output {
    /// Opens `file`; what is in it stays until there is a report.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn open(file: &Path) -> io::Result<Self> {
        Ok(Self(File::options().write(true).create(true).truncate(false).open(file)?))
    }

    /// Replaces what is in it.
    ///
    /// # Errors
    /// It could not be written.
    pub fn write(mut self, text: &str) -> io::Result<()> {
        if self.0.metadata()?.is_file() {
            self.0.set_len(0)?;
        }
        self.0.write_all(text.as_bytes())
    }
}
