//! One at a time: whose turn it is to recover a store.
//!
//! Idea: who recovers needs the object to itself, and one that merely tries has
//! it open as well. So they line up before they open it, at a lock that any user
//! can take and no death can keep: that of the directory.
//! Source: flock(2).
//! Limits: anybody can hold it. After a second one goes on without it, and then
//! two that recover at once can each find the other in the way.

use std::fs::File;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::object::DIRECTORY;
use crate::Deadline;

/// How long it is waited for.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long before it is tried again.
const PAUSE: Duration = Duration::from_millis(1);

/// The turn, given back on drop; nothing where it could not be had.
pub(crate) struct Turn(#[expect(dead_code, reason = "held, not read")] Option<Flock<File>>);

impl Turn {
    /// Waits for the turn, for a second at most.
    pub(crate) fn take() -> Self {
        let deadline = Deadline::after(PATIENCE);
        let Ok(mut directory) = File::open(DIRECTORY) else { return Self(None) };
        loop {
            match Flock::lock(directory, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => return Self(Some(lock)),
                Err((file, Errno::EWOULDBLOCK | Errno::EINTR)) if !deadline.passed() => {
                    directory = file;
                    thread::sleep(PAUSE);
                }
                Err(_) => return Self(None),
            }
        }
    }
}
