//! What an instructor gets: everything as JSON, a JUnit report, the points.

mod json;
mod junit;
mod points;

use std::io;
use std::path::Path;

use shmkv_grader::catalogue::Exercise;

use crate::grade::Graded;

pub use json::to_json;
pub use junit::to_junit;
pub use points::to_points;

/// One exercise with its grade.
pub type Row = (&'static Exercise, Graded);

/// The points of a row.
pub fn points_of((exercise, graded): &Row) -> u32 {
    if graded.passed() { exercise.kind.points() } else { 0 }
}

/// Replaces `file`.
///
/// # Errors
/// The file could not be written; what was there is still there.
pub fn write(file: &Path, text: &str) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut draft = tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    io::Write::write_all(&mut draft, text.as_bytes())?;
    draft.persist(file)?;
    Ok(())
}
