//! One line that says what goes on, while something takes long.
//!
//! Idea: on a terminal, on standard error, and gone afterwards. What is quick shows
//! nothing. A thread draws, so that the line lives while others wait.
//! Limits: there is one such line at a time.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What takes less shows no line.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often the line is drawn again.
const TICK: Duration = Duration::from_millis(250);

/// One check: what is checked, how far it is, how long it has taken.
const LINE: &str = "{prefix}: {msg}, {elapsed}";

/// Several: how many are done, too.
const BAR: &str = "[{bar:23}] {pos}/{len} {prefix}: {msg}";

/// Where [`say`] goes.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// A line for as long as this lives.
pub struct Waiting {
    bar: ProgressBar,
    drawer: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Waiting {
    /// While `what` is checked.
    pub fn for_one(what: &str) -> Self {
        let waiting = Self::begin(None, LINE, PATIENCE);
        waiting.turn_to(what);
        waiting
    }

    /// While so many are checked.
    pub fn for_all(count: usize) -> Self {
        Self::begin(Some(count as u64), BAR, Duration::ZERO)
    }

    fn begin(count: Option<u64>, shape: &str, patience: Duration) -> Self {
        let bar = ProgressBar::with_draw_target(count, ProgressDrawTarget::hidden());
        let style = ProgressStyle::with_template(shape);
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style.progress_chars("##-"));
        show(Some(bar.clone()));
        let drawer = io::stderr().is_terminal().then(|| {
            let (end, ended) = channel();
            let drawn = bar.clone();
            (end, thread::spawn(move || draw(&drawn, patience, &ended)))
        });
        Self { bar, drawer }
    }

    /// From now on, `what` is checked.
    pub fn turn_to(&self, what: &str) {
        self.bar.set_prefix(what.to_owned());
        self.bar.set_message("compiling");
    }

    /// One is done; `print` writes what is said of it, with no line in the way.
    pub fn done<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.inc(1);
        self.bar.suspend(print)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        show(None);
        if let Some((end, thread)) = self.drawer.take() {
            drop(end);
            // It ends when it is told so.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

/// Draws `bar` from `patience` on, until it is told to end.
fn draw(bar: &ProgressBar, patience: Duration, ended: &Receiver<()>) {
    if ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout) {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.enable_steady_tick(TICK);
        // Nothing is sent: the other end goes.
        let _ = ended.recv();
        bar.disable_steady_tick();
    }
}

fn show(bar: Option<ProgressBar>) {
    *SHOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = bar;
}

/// Says how far it is, where there is a line.
pub fn say(how_far: String) {
    let shown = SHOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(bar) = shown.as_ref() {
        bar.set_message(how_far);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_valid() {
        assert!(ProgressStyle::with_template(LINE).is_ok());
        assert!(ProgressStyle::with_template(BAR).is_ok());
    }
}
