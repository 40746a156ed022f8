//! A progress bar, where a run takes long enough to make one wonder.
//!
//! Idea: drawn from the run itself, between rounds. A thread that draws would
//! make the process one that must not fork.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A run shorter than this shows none.
const PATIENCE: Duration = Duration::from_secs(1);

const SHAPE: &str = "{msg} {wide_bar} {human_pos}/{human_len} rounds, {eta} left";

/// A bar on standard error; none where that is no terminal.
pub(super) struct Progress {
    bar: Option<ProgressBar>,
    wanted: bool,
    started: Instant,
    rounds: u64,
    name: String,
}

impl Progress {
    pub(super) fn new(name: &str, rounds: u64, wanted: bool) -> Self {
        Self { bar: None, wanted, started: Instant::now(), rounds, name: name.to_owned() }
    }

    /// So many rounds are done.
    pub(super) fn show(&mut self, rounds: u64) {
        if self.bar.is_none() && self.wanted && self.started.elapsed() >= PATIENCE {
            // A target that is no terminal draws nothing.
            let bar =
                ProgressBar::with_draw_target(Some(self.rounds), ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template(SHAPE);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            self.bar =
                Some(bar.with_message(self.name.clone()).with_elapsed(self.started.elapsed()));
        }
        if let Some(bar) = &self.bar {
            bar.set_position(rounds);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shape_is_valid() {
        assert!(ProgressStyle::with_template(SHAPE).is_ok());
    }
}
