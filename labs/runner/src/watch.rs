//! `watch`: checks whatever is saved.
//!
//! Idea: the kernel says that something happened in the exercises' folders;
//! what it was is seen by looking at the files. Editors save in many ways, and
//! the look is the same for all of them. Where the kernel cannot watch, a look
//! now and then is enough.
//! Source: inotify(7).

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::AsFd;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use shmkv_grader::catalogue::{ALL, Exercise};

use crate::app::{App, Outcome, seed_of_now};
use crate::commands;
use crate::places::Places;

/// How often to look where the kernel cannot watch.
const LOOK: Duration = Duration::from_millis(300);

/// How long files must be left alone before they are looked at: a save is often
/// several changes.
const SETTLE: Duration = Duration::from_millis(60);

/// A file's length and time of change; `None` where there is no file.
type Mark = Option<(u64, SystemTime)>;

/// What the exercises' files were like at the last look.
struct Look(BTreeMap<&'static str, Mark>);

impl Look {
    fn now(places: &Places) -> Self {
        let mark = |exercise: &Exercise| -> Mark {
            let data = fs::metadata(places.file(exercise)).ok()?;
            Some((data.len(), data.modified().ok()?))
        };
        Self(ALL.iter().map(|exercise| (exercise.id, mark(exercise))).collect())
    }

    /// The first exercise whose file is not what it was at `before`.
    fn changed_since(&self, before: &Self) -> Option<&'static Exercise> {
        ALL.iter().find(|exercise| self.0.get(exercise.id) != before.0.get(exercise.id))
    }
}

/// Waits for changes in folders.
enum Waiter {
    Kernel(Inotify),
    Clock,
}

impl Waiter {
    fn new(places: &Places) -> Self {
        let events = AddWatchFlags::IN_CLOSE_WRITE
            | AddWatchFlags::IN_MOVED_TO
            | AddWatchFlags::IN_CREATE
            | AddWatchFlags::IN_DELETE;
        let watch = || {
            let inotify = Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?;
            for folder in places.lab_folders() {
                inotify.add_watch(&folder, events)?;
            }
            Ok::<_, nix::Error>(inotify)
        };
        watch().map_or(Self::Clock, Self::Kernel)
    }

    /// Returns when something may have changed; too early is no harm.
    fn wait(&self) {
        match self {
            Self::Clock => sleep(LOOK),
            Self::Kernel(inotify) => {
                let mut watched = [PollFd::new(inotify.as_fd(), PollFlags::POLLIN)];
                // Whatever it says, the files are looked at next.
                let _ = poll(&mut watched, PollTimeout::NONE);
                sleep(SETTLE);
                let _ = inotify.read_events();
            }
        }
    }
}

/// Checks the next exercise, then whatever is saved, until it is ended.
///
/// # Errors
/// See [`CommandError`](crate::app::CommandError).
pub fn watch(app: &mut App<'_>) -> Outcome<()> {
    let waiter = Waiter::new(&app.places);
    let mut exercise = app.progress.next();
    loop {
        let before = Look::now(&app.places);
        app.screen.clear()?;
        if let Some(exercise) = exercise
            && app.check(exercise, seed_of_now())?
        {
            commands::after_pass(app, exercise)?;
        }
        app.screen.line("")?;
        app.screen.line("Waiting for a file to be saved; Ctrl-C ends this.")?;
        app.screen.flush()?;
        exercise = loop {
            // What was saved during the check is seen at once.
            let changed = Look::now(&app.places).changed_since(&before);
            if changed.is_some() {
                break changed;
            }
            waiter.wait();
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_sees_which_file_was_replaced() {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places::here().with_root(folder.path());
        for exercise in ALL {
            let file = places.file(exercise);
            fs::create_dir_all(file.parent().expect("its folder")).expect("its folder");
            fs::write(&file, "old").expect("it can be written");
        }
        let before = Look::now(&places);
        assert_eq!(Look::now(&places).changed_since(&before), None);

        let draft = folder.path().join("draft");
        fs::write(&draft, "newer").expect("it can be written");
        fs::rename(&draft, places.file(&ALL[1])).expect("it can be replaced");
        assert_eq!(Look::now(&places).changed_since(&before), Some(&ALL[1]));
    }
}
