//! The book's figures, chapter by chapter.

use crate::{BookError, Figures, Sources};

use super::lost_update;

/// Makes all figures.
pub fn all(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    why(figures, sources)
}

fn why(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let lines = [sources.excerpt("book/builder/figures/lost_update.rs:body")?];
    figures.playable("lost-update", lost_update::scenario(), "violated: both", &lines)?;
    figures.stressed("lost-update", &lost_update::graded(), 20_000)
}
