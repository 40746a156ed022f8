//! Why a lab's program ends with an error, and printing that can fail.

use std::io::Write;

use shmkv::{SegmentError, StoreError};
use shmkv_harness::StressError;
use shmkv_harness::sim::SimError;

/// Why a lab's program ends with an error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// The command line asks for what there is not. Exit status 2.
    #[error("{0}")]
    Usage(String),
    /// A store said so.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A store said so, and there is a command that helps.
    #[error("{error}; {remedy}")]
    Helped {
        /// What the store said.
        error: StoreError,
        /// What to do.
        remedy: String,
    },
    /// A segment said so.
    #[error(transparent)]
    Segment(#[from] SegmentError),
    /// A scenario could not be stressed.
    #[error(transparent)]
    Stress(#[from] StressError),
    /// A scenario could not be simulated.
    #[error(transparent)]
    Sim(#[from] SimError),
    /// A file, a signal or a process.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Whoever read the output has gone: nothing is left to say.
    #[error("the output was closed")]
    OutputClosed,
    /// JSON could not be written.
    #[error("the result could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

impl LabError {
    /// A failed system call, with what was tried.
    pub fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

/// Prints one line.
///
/// # Errors
/// [`LabError::OutputClosed`]: the line could not be written.
pub fn line(text: std::fmt::Arguments<'_>) -> Result<(), LabError> {
    writeln!(std::io::stdout(), "{text}").map_err(|_| LabError::OutputClosed)
}

/// Prints these bytes as they are, and the end of a line.
///
/// # Errors
/// [`LabError::OutputClosed`]: they could not be written.
pub fn bytes(bytes: &[u8]) -> Result<(), LabError> {
    let mut output = std::io::stdout();
    let written = output.write_all(bytes).and_then(|()| output.write_all(b"\n"));
    written.map_err(|_| LabError::OutputClosed)
}

/// As `println!`, but returns [`LabError::OutputClosed`] where that would panic.
#[macro_export]
macro_rules! say {
    ($($format:tt)*) => { $crate::error::line(format_args!($($format)*))? };
}
