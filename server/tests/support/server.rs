//! The built program `server`, as a child.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};

use shmkv::Store;
use shmkv_tests::{Peer, TestName};

use super::http::{Client, Response, request};

/// The built program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_server");

/// A running server; killed and reaped when this is dropped.
pub struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    /// What it said first.
    pub greeting: String,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts a server on any free port, on the segment `name`.
    pub fn start(name: &TestName, options: &[&str]) -> Self {
        Self::start_at(name, "127.0.0.1:0", options)
    }

    /// Starts a server on this address.
    pub fn start_at(name: &TestName, address: &str, options: &[&str]) -> Self {
        Self::try_start(name, address, options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts a server that may have so many descriptors.
    pub fn start_with_descriptors(name: &TestName, limit: u32, options: &[&str]) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("ulimit -n {limit}; exec \"$0\" \"$@\"")]).arg(PROGRAM);
        Self::spawn(shell, name, "127.0.0.1:0", options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Starts a server, or returns what it said instead.
    pub fn try_start(name: &TestName, address: &str, options: &[&str]) -> Result<Self, String> {
        Self::spawn(Command::new(PROGRAM), name, address, options)
    }

    fn spawn(
        mut command: Command,
        name: &TestName,
        address: &str,
        options: &[&str],
    ) -> Result<Self, String> {
        let mut child = command
            .args(["--bind", address, "--name", name.as_str()])
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server was built");
        let mut output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let mut greeting = String::new();
        output.read_line(&mut greeting).expect("it prints UTF-8");
        let address = greeting
            .strip_prefix("listening on http://")
            .and_then(|rest| rest.split(',').next())
            .and_then(|address| address.parse().ok());
        match address {
            Some(address) => Ok(Self { child, output, greeting, address }),
            None => {
                let mut said = String::new();
                let mut errors = child.stderr.take().expect("its errors are a pipe");
                errors.read_to_string(&mut said).expect("it prints UTF-8");
                let status = child.wait().expect("a child can be waited for");
                Err(format!("{status}: {said}"))
            }
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its address, as a URL begins.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A connection that stays open.
    pub fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// One request, on a connection of its own.
    pub fn send(&self, method: &str, path: &str, body: &str) -> Response {
        let headers = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        request(self.address, method, path, headers, body)
    }

    /// One request with these headers, each ended by CR and LF.
    pub fn send_with(&self, method: &str, path: &str, headers: &str, body: &str) -> Response {
        request(self.address, method, path, headers, body)
    }

    /// GET.
    pub fn get(&self, path: &str) -> Response {
        self.send("GET", path, "")
    }

    /// POST /set.
    pub fn set(&self, key: &str, value: &str) -> Response {
        self.send("POST", "/set", &serde_json::json!({"key": key, "value": value}).to_string())
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.pid().to_string()]).status();
        assert!(status.expect("kill can be run").success());
    }

    /// Waits for its end.
    pub fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("a child can be waited for")
    }

    /// Ends it with SIGTERM, and expects success.
    pub fn stop(self) {
        self.signal("-TERM");
        assert!(self.wait().success());
    }

    /// Ends it with SIGTERM; returns what it has said on its standard error.
    pub fn stop_and_hear(mut self) -> String {
        self.signal("-TERM");
        let mut said = String::new();
        let mut errors = self.child.stderr.take().expect("its errors are a pipe");
        errors.read_to_string(&mut said).expect("it prints UTF-8");
        said
    }

    /// Kills it.
    pub fn kill(mut self) {
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already, where the test asked it to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Another process, which has taken the store's lock: `hold`, so that the lock tells
/// who it was, or `hold-unmarked`, as C programs do.
pub fn holder(name: &TestName, task: &str) -> Peer {
    let program = shmkv_tests::program("store-peer");
    let program = program.get_program().to_str().expect("its path is UTF-8");
    let mut holder = Peer::start(program, &[name.as_str(), task]);
    assert_eq!(holder.line(), "held");
    holder
}

/// The store of the segment `name`, opened in this process.
pub fn open(name: &TestName) -> Store {
    Store::open(name).expect("the server has created it")
}
