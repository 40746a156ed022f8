//! Asks a checker, and gets an answer whatever the learner's code does.
//!
//! Idea: the checker is a child in a process group of its own. It answers
//! through a socket; what the learner's code prints comes through a pipe and is
//! kept apart. When it has answered, died or used up its time, the group is
//! killed; processes that the harness put into other groups die with it. Its time
//! is processor time, so that a busy machine does not make an answer slow.
//! Limits: of what is printed, the first 64 KiB are kept.

use std::io::{self, PipeReader, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use shmkv_grader::{AtTrial, Reply, Request};

use crate::{processor, waiting};

/// How much of what is printed is kept, in bytes.
const KEPT: usize = 64 << 10;

/// How long to go on reading what was printed once the checker is dead.
const LINGER: Duration = Duration::from_millis(200);

/// What came of asking a checker.
#[derive(Debug)]
pub struct Asked {
    /// How it ended.
    pub ended: Ended,
    /// What the learner's code printed.
    pub printed: String,
    /// How long it took.
    pub took: Duration,
}

/// How asking a checker ended.
#[derive(Debug)]
pub enum Ended {
    /// It answered.
    Replied(Reply),
    /// It had used up its processor time, and was killed.
    OutOfTime,
    /// It was still at work after so long, with so much processor time used.
    Unserved {
        /// How long.
        waited: Duration,
        /// How much.
        used: Duration,
    },
    /// It died without an answer.
    Died(ExitStatus),
}

/// How often its limit a checker may take where it does not get a processor.
const PATIENCE: u32 = 12;

/// How often to look how much a checker has used, once it may be too much.
const LOOK: Duration = Duration::from_millis(100);

/// Starts the program `checker`, asks it, and waits until it has used `limit` of
/// processor time, or twelve times as long.
///
/// # Errors
/// It could not be started, or not be talked to.
pub fn ask(checker: &Path, request: &Request, limit: Duration) -> io::Result<Asked> {
    let started = Instant::now();
    waiting::say("running".into());
    let (mut ours, theirs) = UnixStream::pair()?;
    let (printed, print) = io::pipe()?;
    let mut command = Command::new(checker);
    // The environment may hold what is nobody's business: tokens, in CI.
    command.env_clear().current_dir("/").process_group(0);
    command.stdin(OwnedFd::from(theirs)).stdout(print.try_clone()?).stderr(print);
    let child = command.spawn()?;
    // Only the checker may keep the other ends open.
    drop(command);
    let mut asked =
        Conversation { child, line: Vec::new(), printed: Vec::new(), used: Duration::ZERO };
    let outcome = serde_json::to_writer(&ours, request)
        .map_err(io::Error::from)
        .and_then(|()| io::Write::write_all(&mut ours, b"\n"))
        .and_then(|()| asked.listen(ours, printed, &Allowance { started, limit }));
    let status = asked.end()?;
    let answered = match outcome {
        Ok(answered) => answered,
        // It died before it had read the request.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Some(false),
        Err(error) => return Err(error),
    };
    let ended = match (answered, serde_json::from_slice(&asked.line)) {
        (Some(true), Ok(reply)) => Ended::Replied(reply),
        (None, _) if asked.used >= limit => Ended::OutOfTime,
        (None, _) => Ended::Unserved { waited: started.elapsed(), used: asked.used },
        _ => Ended::Died(status),
    };
    let printed = String::from_utf8_lossy(&asked.printed).into_owned();
    Ok(Asked { ended, printed, took: started.elapsed() })
}

/// How much a checker may use.
struct Allowance {
    started: Instant,
    limit: Duration,
}

impl Allowance {
    /// How long it may go on before this is asked again; zero: no longer. Where it
    /// may be too long, what it has `used` is found out.
    fn left(&self, checker: u32, used: &mut Duration) -> Duration {
        let elapsed = self.started.elapsed();
        // It uses one processor, but for moments.
        let surely = self.limit.saturating_sub(elapsed);
        if !surely.is_zero() {
            return surely;
        }
        *used = processor::used_by(checker);
        if elapsed >= self.limit * PATIENCE {
            return Duration::ZERO;
        }
        self.limit.saturating_sub(*used).min(LOOK)
    }
}

/// A checker that is being asked.
struct Conversation {
    child: Child,
    line: Vec<u8>,
    printed: Vec<u8>,
    /// How much processor time it had used when it was looked at last.
    used: Duration,
}

impl Conversation {
    /// Reads the answer and what is printed. Whether there was an answer; `None`
    /// where time was up.
    fn listen(
        &mut self,
        mut socket: UnixStream,
        mut pipe: PipeReader,
        allowance: &Allowance,
    ) -> io::Result<Option<bool>> {
        socket.set_nonblocking(true)?;
        let mut pipe_open = true;
        let mut end: Option<Instant> = None;
        let mut answered = None;
        loop {
            let left = match end {
                Some(end) => end.saturating_duration_since(Instant::now()),
                None => allowance.left(self.child.id(), &mut self.used),
            };
            if left.is_zero() {
                return Ok(answered);
            }
            let socket_open = answered.is_none();
            let watched = [(socket.as_fd(), socket_open), (pipe.as_fd(), pipe_open)];
            let [socket_ready, pipe_ready] = ready(watched, left)?;
            if pipe_ready {
                pipe_open = read_some(&mut pipe, &mut self.printed, KEPT)?;
            }
            if socket_ready {
                let open = read_some(&mut socket, &mut self.line, usize::MAX)?;
                self.tell_trials();
                if self.line.ends_with(b"\n") || !open {
                    answered = Some(self.line.ends_with(b"\n"));
                    // Its processes are gone, or go with it; what they have
                    // printed is in the pipe.
                    self.kill();
                    end = Some(Instant::now() + LINGER);
                }
            }
            if answered.is_some() && !pipe_open {
                return Ok(answered);
            }
        }
    }

    /// Tells how far it is, by the lines before the answer.
    fn tell_trials(&mut self) {
        while let Some(end) = self.line.iter().position(|byte| *byte == b'\n')
            && let Ok(at) = serde_json::from_slice::<AtTrial>(&self.line[..end])
        {
            waiting::say(format!("trial {} of {}", at.trial, at.of));
            self.line.drain(..=end);
        }
    }

    /// Kills the checker and what is left of its group.
    fn kill(&self) {
        // A group that is gone cannot be killed, and need not be.
        let _ = killpg(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGKILL);
    }

    fn end(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        self.child.wait()
    }
}

/// Waits until one of those that are open can be read, and says which.
fn ready(files: [(BorrowedFd<'_>, bool); 2], limit: Duration) -> io::Result<[bool; 2]> {
    let mut watched: Vec<PollFd<'_>> = files
        .iter()
        .filter(|(_, open)| *open)
        .map(|(file, _)| PollFd::new(*file, PollFlags::POLLIN))
        .collect();
    let timeout = PollTimeout::try_from(limit).unwrap_or(PollTimeout::MAX);
    match poll(&mut watched, timeout) {
        Ok(_) | Err(nix::Error::EINTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut events = watched.iter().map(|file| file.any().unwrap_or(false));
    Ok(files.map(|(_, open)| open && events.next().unwrap_or(false)))
}

/// Reads what is there, and keeps it up to `most` bytes. False at the end.
fn read_some(from: &mut impl Read, to: &mut Vec<u8>, most: usize) -> io::Result<bool> {
    let mut some = [0; 4096];
    match from.read(&mut some) {
        Ok(0) => Ok(false),
        Ok(count) => {
            let room = most.saturating_sub(to.len());
            to.extend_from_slice(&some[..count.min(room)]);
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(true),
        // The other end is gone with what it had.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use shmkv_grader::Task;

    use super::*;

    fn ended(program: &str) -> Ended {
        let task = Task::Replay { trial: 1, schedule: String::new() };
        let request = Request { variant: "none".into(), seed: 1, task };
        let limit = Duration::from_millis(100);
        ask(Path::new(program), &request, limit).expect("it can be asked").ended
    }

    /// `cat` waits for more to copy, and uses nothing.
    #[test]
    fn one_that_gets_no_processor_has_not_used_up_its_time() {
        let Ended::Unserved { waited, used } = ended("/bin/cat") else { panic!("it is served") };
        assert!(waited >= Duration::from_millis(1200) && used < Duration::from_millis(100));
    }
}
