//! Programs that tests start: bounded in time, and gone when the test is over.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Outcome;

/// Longer than any program takes that needs no network, on any machine.
const LONG: Duration = Duration::from_secs(60);

/// Longer than pip takes to download something.
const VERY_LONG: Duration = Duration::from_secs(300);

/// How often it is looked whether a program has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// Runs a program to its end; what it printed, if it succeeded.
pub fn output_of(command: &mut Command) -> Outcome<String> {
    let (status, printed) = run(command)?;
    if status.success() {
        return Ok(printed);
    }
    Err(format!("{command:?} ended with {status} and printed:\n{printed}"))
}

/// Runs a program to its end; how it ended, and what it printed to both outputs.
pub fn run(command: &mut Command) -> Outcome<(ExitStatus, String)> {
    let cannot = |error| format!("{command:?} cannot be run: {error}");
    let (mut reader, writer) = std::io::pipe().map_err(cannot)?;
    let errors = writer.try_clone().map_err(cannot)?;
    let child = command.stdin(Stdio::null()).stdout(writer).stderr(errors).spawn();
    let mut child = Running(child.map_err(|error| format!("{command:?} cannot be run: {error}"))?);
    // The command holds the pipe's other end.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let printed = thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = reader.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    });
    let status = child.wait(VERY_LONG)?;
    Ok((status, printed.join().expect("reading does not panic")))
}

/// A program that runs beside the test; killed on drop.
pub struct Running(Child);

impl Running {
    /// Waits for its end, for this long at most.
    fn wait(&mut self, patience: Duration) -> Outcome<ExitStatus> {
        let start = Instant::now();
        loop {
            match self.0.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if start.elapsed() < patience => thread::sleep(PAUSE),
                Ok(None) => return Err(format!("it did not end within {patience:?}")),
                Err(error) => return Err(format!("it cannot be waited for: {error}")),
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already, as a rule.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program that runs beside the test, and whose lines the test reads.
pub struct Talking {
    child: Running,
    lines: Receiver<String>,
}

impl Talking {
    pub fn start(command: &mut Command) -> Outcome<Self> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|error| format!("{command:?} cannot be run: {error}"))?;
        let lines = read_lines(child.stdout.take().expect("its output is piped"));
        Ok(Self { child: Running(child), lines })
    }

    /// Its lines up to the first that begins with `last`.
    pub fn lines_to(&mut self, last: &str) -> Outcome<Vec<String>> {
        let mut lines = Vec::new();
        loop {
            let line = self.lines.recv_timeout(LONG);
            lines.push(line.map_err(|_| format!("no line {last:?} after {lines:?}"))?);
            if lines.last().is_some_and(|line| line.starts_with(last)) {
                return Ok(lines);
            }
        }
    }

    /// Sends SIGINT, as Ctrl+C does, and waits for its end.
    pub fn interrupt(mut self) -> Outcome<ExitStatus> {
        let id = Pid::from_raw(self.child.0.id().cast_signed());
        kill(id, Signal::SIGINT).map_err(|errno| format!("{id} cannot be signalled: {errno}"))?;
        self.child.wait(LONG)
    }

    /// Waits for its end, whatever it prints.
    pub fn finish(mut self) -> Outcome<ExitStatus> {
        self.child.wait(LONG)
    }
}

fn read_lines(output: ChildStdout) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
