//! What can be wrong with the book.

use std::io;
use std::path::PathBuf;

use crate::links::BrokenLink;
use shmkv_harness::StressError;
use shmkv_harness::sim::SimError;

/// Why the book could not be built or served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BookError {
    /// A file that the book takes something from cannot be read.
    #[error("{} cannot be read: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An anchor is not there, or not just once.
    #[error("{file} has {found} lines \"{marker}\"; the book needs one")]
    Anchor {
        /// The file, from the workspace's root.
        file: String,
        /// `ANCHOR: name`.
        marker: String,
        /// How many there are.
        found: usize,
    },
    /// An excerpt has no lines.
    #[error("{spec} is empty")]
    Empty {
        /// File and anchor.
        spec: String,
    },
    /// A snapshot is not in insta's form.
    #[error("{file} is no snapshot: it has no head between two lines of three dashes")]
    NoSnapshot {
        /// The file, from the workspace's root.
        file: String,
    },
    /// A line of a chapter asks for something that the builder does not know.
    #[error("\"{line}\" is no directive; there are {known}")]
    NoDirective {
        /// The line.
        line: String,
        /// The directives.
        known: String,
    },
    /// A chapter asks for a figure that is not in `figures`.
    #[error("there is no {kind} called {name}")]
    NoFigure {
        /// `timeline`, `scheduler`, …
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// The head of a wrong answer does not say which verdict it must get, and why.
    #[error("the head of {file} does not say \"Verdict: …\" and what is wrong")]
    NoMistake {
        /// The file, from the workspace's root.
        file: String,
    },
    /// A chapter cites a man page that is not in the list of `man.rs`.
    #[error("{page} is not in the list of man pages, builder/man.rs")]
    NoManPage {
        /// Such as `mmap(2)`.
        page: String,
    },
    /// Something is wrong at this place of a chapter.
    #[error("{chapter}, line {line}: {source}")]
    At {
        /// The chapter's file.
        chapter: String,
        /// From 1.
        line: usize,
        /// What is wrong.
        source: Box<BookError>,
    },
    /// A figure's scenario ended otherwise than its chapter says.
    #[error("figure {name}: the verdict should be \"{wanted}\" and is \"{found}\"")]
    Verdict {
        /// The figure.
        name: String,
        /// What the chapter says.
        wanted: &'static str,
        /// What the simulator found.
        found: String,
    },
    /// A figure's execution lacks a step that its chapter speaks of.
    #[error(
        "figure {name}: its chapter speaks of the step \"{step}\", which is not there, or earlier"
    )]
    NoStep {
        /// The figure.
        name: String,
        /// The step.
        step: &'static str,
    },
    /// A figure has more states than a reader can find a way through.
    #[error("figure {name} has more than {most} states")]
    TooManyStates {
        /// The figure.
        name: String,
        /// How many it may have.
        most: usize,
    },
    /// The simulator could not run a figure's scenario.
    #[error("figure {name}: {source}")]
    Sim {
        /// The figure.
        name: String,
        /// Why not.
        source: SimError,
    },
    /// A figure's scenario could not be run under stress.
    #[error("figure {name}: {source}")]
    Stress {
        /// The figure.
        name: String,
        /// Why not.
        source: StressError,
    },
    /// mdBook could not do its part.
    #[error("mdBook: {message}")]
    Mdbook {
        /// Its own words.
        message: String,
    },
    /// Links of the finished book lead nowhere.
    #[error("{} of the book's links lead nowhere:{}", links.len(), list(links))]
    BrokenLinks {
        /// All of them.
        links: Vec<BrokenLink>,
    },
    /// The port is taken, or may not be used.
    #[error("port {port} cannot be used: {source}; choose another with --port")]
    Port {
        /// The port.
        port: u16,
        /// Why not.
        source: io::Error,
    },
    /// Serving failed.
    #[error("the book can no longer be served: {0}")]
    Serve(io::Error),
}

impl BookError {
    /// This error, at a place of a chapter.
    pub(crate) fn at(self, chapter: &str, line: usize) -> Self {
        Self::At { chapter: chapter.to_owned(), line, source: Box::new(self) }
    }
}

fn list(links: &[BrokenLink]) -> String {
    links.iter().map(|link| format!("\n  {link}")).collect()
}
