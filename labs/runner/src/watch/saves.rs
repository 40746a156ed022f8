//! What was saved in the exercises' folders.
//!
//! Idea: the kernel says that something happened; what it was is seen by looking at
//! the files. Editors save in many ways, and the look is the same for all of them. Where
//! the kernel cannot watch, a look now and then is enough.
//! Source: inotify(7).

use std::collections::BTreeMap;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify};
use shmkv_grader::catalogue::{ALL, Exercise};

use crate::places::Places;

/// How often to look where the kernel cannot watch, in milliseconds.
const LOOK_MS: u16 = 300;

/// How long files must be left alone before they are looked at: a save is often
/// several changes.
const SETTLE: Duration = Duration::from_millis(60);

/// A file's length and time of change; `None` where there is no file.
type Mark = Option<(u64, SystemTime)>;

/// What the exercises' files were like at the last look.
pub struct Look(BTreeMap<&'static str, Mark>);

impl Look {
    /// What they are like now.
    pub fn now(places: &Places) -> Self {
        let mark = |exercise: &Exercise| -> Mark {
            let data = fs::metadata(places.file(exercise)).ok()?;
            Some((data.len(), data.modified().ok()?))
        };
        Self(ALL.iter().map(|exercise| (exercise.id, mark(exercise))).collect())
    }

    /// The first exercise whose file is not what it was at `before`.
    pub fn changed_since(&self, before: &Self) -> Option<&'static Exercise> {
        ALL.iter().find(|exercise| self.0.get(exercise.id) != before.0.get(exercise.id))
    }
}

/// Waits for changes in folders.
pub enum Waiter {
    /// The kernel says when.
    Kernel(Inotify),
    /// It cannot.
    Clock,
}

impl Waiter {
    /// For the folders of all exercises.
    pub fn new(places: &Places) -> Self {
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

    /// Returns when something may have changed, or when `keys` can be read; too early is
    /// no harm. Whether there is a key.
    pub fn wait(&self, keys: Option<BorrowedFd<'_>>) -> bool {
        let (folders, limit) = match self {
            Self::Kernel(inotify) => (Some(inotify.as_fd()), PollTimeout::NONE),
            Self::Clock => (None, PollTimeout::from(LOOK_MS)),
        };
        let watch = |file| PollFd::new(file, PollFlags::POLLIN);
        let mut watched: Vec<PollFd<'_>> = keys.into_iter().chain(folders).map(watch).collect();
        // Whatever it says, the files are looked at next.
        let _ = poll(&mut watched, limit);
        if keys.is_some() && watched[0].any().unwrap_or(false) {
            return true;
        }
        if let Self::Kernel(inotify) = self {
            sleep(SETTLE);
            let _ = inotify.read_events();
        }
        false
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
