//! The book's figures, chapter by chapter.

use shmkv_harness::sim::Search;

use super::{lost_update, transfer};
use crate::{BookError, Figures, Sources};

/// Makes all figures.
pub fn all(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    why(figures, sources)?;
    simulator(figures)?;
    your_code(figures)
}

fn why(figures: &mut Figures, sources: &Sources) -> Result<(), BookError> {
    let lines = [sources.excerpt("book/builder/figures/lost_update.rs:body")?];
    figures.playable("lost-update", lost_update::scenario(), "violated: both", &lines)?;
    figures.stressed("lost-update", &lost_update::graded(), 5_000)
}

fn simulator(figures: &mut Figures) -> Result<(), BookError> {
    let (locked, unlocked) = (transfer::locked(), transfer::unlocked());
    figures.replayed("lock-waits", &locked, "0*3,1", "held")?;
    figures.searched("all-schedules", &locked, &Search::unbounded(), "held")?;
    figures.searched("few-preemptions", &unlocked, &Search::exhaustive(1), "violated")?;
    figures.replayed("killed-owner", &locked, "0*3,0!", "deadlock")
}

fn your_code(figures: &mut Figures) -> Result<(), BookError> {
    figures.searched("transfers", &transfer::unlocked(), &Search::unbounded(), "violated")?;
    figures.searched("locked-transfers", &transfer::locked(), &Search::unbounded(), "held")
}
