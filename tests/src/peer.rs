//! A peer: another process at work on the same segment.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};

/// A child process that is killed and reaped when this is dropped.
///
/// Its standard input stays open until [`Peer::finish`]: a peer that is to wait
/// reads from it.
pub struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts `program`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(program: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} does not start: {error}"));
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        Self { child, input, output }
    }

    /// The next line that it prints, without its end; empty once it has ended.
    ///
    /// # Panics
    /// When what it prints is not UTF-8.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("peers print UTF-8");
        line.trim_end().to_owned()
    }

    /// All lines that it prints until it ends.
    pub fn lines(mut self) -> Vec<String> {
        std::iter::from_fn(|| Some(self.line()).filter(|line| !line.is_empty())).collect()
    }

    /// Its number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends its input, which it may be waiting for.
    pub fn end_input(&mut self) {
        drop(self.input.take());
    }

    /// Kills it with SIGKILL, and returns when it is gone.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Ends its input, waits for its end, and returns its status.
    ///
    /// # Panics
    /// When the kernel refuses.
    pub fn finish(mut self) -> ExitStatus {
        self.end_input();
        self.child.wait().expect("a child can be waited for")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has ended already, unless its test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
