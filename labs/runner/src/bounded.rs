//! Runs a program within limits, and tells whose fault it is where it does not end.
//!
//! Idea: what it computes is limited by the program itself (`confined`). Who waits
//! for what never comes sleeps, with all that descend from it, and uses no time at
//! all. Else it waits for the machine: that this is busy is no fault of the file's.
//! Limits: a wait of less than [`IDLE`] is not noticed.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::processor::Family;

/// How long all of its processes may sleep, with no tick of processor time used.
pub const IDLE: Duration = Duration::from_secs(3);

/// How long it may take altogether.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// How often to look whether it has ended: seldom beside what it takes.
const POLL: Duration = Duration::from_millis(2);

/// How often to look what its processes do.
const LOOK: Duration = Duration::from_millis(250);

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// By itself, or by a signal.
    Exited(ExitStatus),
    /// It had used up its processor time.
    OutOfTime,
    /// All of it slept for [`IDLE`].
    Waited,
    /// It was still at work after [`PATIENCE`], with this much processor time used.
    Unserved(Duration),
}

/// A run, and what was said in it.
pub struct Ran {
    /// How it ended.
    pub ended: Ended,
    /// What it said.
    pub said: String,
}

/// Runs `command`; keeps what it says in the file `log` in the meantime.
///
/// # Errors
/// It could not be started, or the file not be written.
pub fn run(command: &mut Command, log: &Path) -> io::Result<Ran> {
    let file = File::create(log)?;
    command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
    let mut group = Group(command.spawn()?);
    let ended = wait(&mut group.0)?;
    drop(group);
    let said = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    Ok(Ran { ended, said })
}

/// A child that leads a group, of which nothing is left at the end.
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = killpg(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGKILL);
        let _ = self.0.wait();
    }
}

fn wait(child: &mut Child) -> io::Result<Ended> {
    let started = Instant::now();
    let mut stillness = Stillness::default();
    let mut look = started + LOOK;
    loop {
        if let Some(status) = child.try_wait()? {
            let out_of_time = status.signal() == Some(Signal::SIGXCPU as i32);
            return Ok(if out_of_time { Ended::OutOfTime } else { Ended::Exited(status) });
        }
        let now = Instant::now();
        if now >= look {
            look = now + LOOK;
            let family = Family::of(child.id());
            if stillness.lasts(&family) {
                return Ok(Ended::Waited);
            }
            if started.elapsed() >= PATIENCE {
                return Ok(Ended::Unserved(family.used));
            }
        }
        sleep(POLL);
    }
}

/// Whether processes have slept, and used nothing, for long enough.
#[derive(Default)]
struct Stillness {
    since: Option<(Instant, Duration)>,
}

impl Stillness {
    fn lasts(&mut self, family: &Family) -> bool {
        match self.since {
            Some((since, used)) if family.sleeps && used == family.used => since.elapsed() >= IDLE,
            _ => {
                self.since = family.sleeps.then(|| (Instant::now(), family.used));
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(script: &str) -> Ended {
        let folder = tempfile::TempDir::new().expect("a folder");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        run(&mut command, &folder.path().join("log")).expect("it runs").ended
    }

    #[test]
    fn one_that_waits_is_told_from_one_that_has_used_up_its_time() {
        assert_eq!(ended("read line < /dev/ptmx"), Ended::Waited);
        assert_eq!(ended("ulimit -St 1; while :; do :; done"), Ended::OutOfTime);
    }
}
