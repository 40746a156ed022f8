//! Builds the book and checks it.
//!
//! Idea: mdBook renders; what a chapter shows beside its prose is put in by
//! [`Directives`], from sources, snapshots and the simulator, when the book is
//! built. What cannot be put in is an error, and so is a link that leads nowhere.
//! Limits: simulation forks, so [`Figures::collect`] comes first, while the
//! program still has one thread.
#![warn(missing_docs)]
#![deny(unsafe_code)]

mod course;
mod directives;
mod error;
mod figures;
mod html;
mod links;
mod man;
mod merge;
mod scheduler;
mod serve;
mod snapshots;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

use mdbook_driver::MDBook;

pub use directives::Directives;
pub use error::BookError;
pub use figures::Figures;
pub use links::{BrokenLink, check_links};
pub use scheduler::Played;
pub use serve::Server;
pub use sources::{Excerpt, Sources};

/// Where the book is built, unless another place is asked for.
pub fn default_output() -> PathBuf {
    Sources::of_workspace().root().join("target").join("book")
}

/// Builds the book into the folder `output`, which is emptied first, and checks
/// its links.
///
/// # Errors
/// See [`BookError`]; what was built until then is left there.
pub fn build(sources: &Sources, figures: Figures, output: &Path) -> Result<(), BookError> {
    let mdbook = |error: mdbook_driver::errors::Error| match error.downcast::<BookError>() {
        Ok(ours) => ours,
        Err(error) => BookError::Mdbook { message: format!("{error:#}") },
    };
    fs::create_dir_all(output)
        .and_then(|()| output.canonicalize())
        .map_err(|source| BookError::Read { file: output.to_owned(), source })
        .and_then(|output| {
            let mut book = MDBook::load(sources.root().join("book")).map_err(mdbook)?;
            book.config.build.build_dir = output.clone();
            book.with_preprocessor(Directives::new(sources.clone(), figures));
            book.build().map_err(mdbook)?;
            check_links(&output)
        })
}
