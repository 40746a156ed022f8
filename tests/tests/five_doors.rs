//! One store, five doors: Rust, C, Python, HTTP and a page, all at once.
//!
//! Idea: the README says what to type, one terminal a line. The test types those
//! lines, with a store and a port of its own in the place of theirs.
//! Without a C compiler, Python, curl or a browser it is ignored, and says why;
//! where `CI` is `true` it fails.

use std::env;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::json;
use shmkv_tests::{Browser, TestName, program};
use tempfile::TempDir;

/// Far more than anything here takes.
const LIMIT: Duration = Duration::from_secs(60);

const README: &str = include_str!("../../README.md");
const SERVER_README: &str = include_str!("../../server/README.md");

/// What the README's readers have there, and the test has elsewhere.
const STORE: &str = " /doors";
const ADDRESS: &str = "127.0.0.1:8000";

/// What its lines use of the checkout. They write to `target`.
const SOURCES: [&str; 2] = ["bindings", "tests"];

/// What documents of this kind have always shown, as written.
const OLD_LINES: [&str; 3] = [
    r#"curl -X POST http://localhost:8000/set \
  -H "Content-Type: application/json" \
  -d '{"key": "mykey", "value": "myvalue"}'"#,
    "curl http://localhost:8000/get/mykey",
    "curl http://localhost:8000/status",
];

fn main() -> ExitCode {
    let trials = vec![
        trial("each_door_sees_what_all_others_set", everything, each_door_sees_what_all_others_set),
        trial("lines_that_clients_know_run_as_written", curl, lines_that_clients_know_run),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// A test that needs what `missing` looks for.
fn trial(name: &str, missing: fn() -> Option<String>, test: fn()) -> Trial {
    Trial::ignorable_test(name, move || match missing() {
        None => {
            test();
            Ok(Completion::Completed)
        }
        Some(why) if env::var("CI").as_deref() == Ok("true") => Err(Failed::from(why)),
        Some(why) => Ok(Completion::ignored_with(why)),
    })
}

fn everything() -> Option<String> {
    curl().or_else(|| without("cc")).or_else(|| without("python3")).or_else(Browser::missing)
}

fn curl() -> Option<String> {
    without("curl")
}

/// Why a tool cannot be used; `None` where it can.
fn without(tool: &str) -> Option<String> {
    let runs = Command::new(tool).arg("--version").output().is_ok();
    (!runs).then(|| format!("{tool} is not installed"))
}

fn lines_that_clients_know_run() {
    let name = TestName::new("old-lines");
    let folder = folder_like_a_checkout();
    let mut terminal = Terminal { name: &name, folder: folder.path(), address: String::new() };
    let _server = terminal.start_server("cargo run --bin server -- --name /doors");
    let [set, get, status] = OLD_LINES.map(|line| {
        assert!(SERVER_README.contains(line), "the server's README has no line {line}");
        let local = terminal.address.replace("127.0.0.1", "localhost");
        terminal.run(&line.replace("localhost:8000", &local))
    });
    assert_eq!(set, r#"{"success":true,"message":"Key 'mykey' set successfully"}"#);
    assert_eq!(get, r#"{"key":"mykey","value":"myvalue"}"#);
    assert!(status.starts_with(r#"{"version":1,"entry_count":1,"max_entries":10,"#), "{status}");
}

/// Schedule: the producer makes the store, four followers and the page open it;
/// then each door sets a pair, one after the other, once all have seen the last.
/// Required: every follower and the page see every pair.
fn each_door_sees_what_all_others_set() {
    let name = TestName::new("five-doors");
    let folder = folder_like_a_checkout();
    let [producer, consumer, server, curl, install, compile, c, python] =
        lines_of("a terminal of its own:").try_into().expect("eight lines");
    let mut terminal = Terminal { name: &name, folder: folder.path(), address: String::new() };

    let mut producer = terminal.start(&producer);
    producer.waits_for("press Ctrl-C to end");
    let server = terminal.start_server(&server);
    terminal.run(&install);
    terminal.run(&compile);

    let mut followers = [consumer, curl, c, python].map(|line| terminal.start(&line));
    let page = Page::open(&format!("http://{}", terminal.address));
    let see = |followers: &mut [Running], key: &str, value: &str| {
        followers.iter_mut().for_each(|follower| follower.sees(key, value));
        page.sees(key, value);
    };
    see(&mut followers, "role", "admin");
    for line in lines_of("others shows it:") {
        terminal.run(&line);
        see(&mut followers, "door", value_of(&line));
    }
    page.sets("door", "page");
    see(&mut followers, "door", "page");

    server.interrupt();
    producer.interrupt();
    producer.waits_for("is unlinked");
}

/// The commands of the README's block that follows the line which ends so.
fn lines_of(heading: &str) -> Vec<String> {
    let (_, rest) = README.split_once(heading).expect("the README has this line");
    let block = rest.split("```").nth(1).expect("a block follows");
    let lines = block.trim_start_matches("sh\n").replace("\\\n", " ");
    lines.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect()
}

/// The value that a line sets: the last word of it.
fn value_of(line: &str) -> &str {
    let mut words = line.split(|letter: char| !letter.is_alphabetic());
    words.rfind(|word| !word.is_empty()).expect("each line has a word")
}

/// A folder with the checkout's sources, and a `target` of its own. Its name is as
/// awkward as a user's may be.
fn folder_like_a_checkout() -> TempDir {
    let mut builder = tempfile::Builder::new();
    let folder = builder.prefix("Zoë's doors ").tempdir_in(env!("CARGO_TARGET_TMPDIR"));
    let folder = folder.expect("cargo has made it");
    let checkout = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for name in SOURCES {
        symlink(checkout.join(name), folder.path().join(name)).expect("a new folder");
    }
    folder
}

/// A shell in such a folder, whose lines are about the test's own store.
struct Terminal<'a> {
    name: &'a TestName,
    folder: &'a Path,
    address: String,
}

impl Terminal<'_> {
    fn command(&self, line: &str) -> Command {
        let line = line
            .replace(STORE, &format!(" {}", self.name.as_str()))
            .replace(ADDRESS, &self.address);
        let mut shell = Command::new("sh");
        shell.current_dir(self.folder);
        shell.args(["-c", &format!("exec {}", built(&line))]);
        shell.env("PYTHONDONTWRITEBYTECODE", "1").stdin(Stdio::null());
        shell
    }

    /// Runs a line to its end; what it prints.
    fn run(&self, line: &str) -> String {
        let output = self.command(line).output().expect("sh");
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Starts a line that goes on until it is interrupted.
    fn start(&self, line: &str) -> Running {
        let mut child = self.command(line).stdout(Stdio::piped()).spawn().expect("sh");
        let output = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let (sender, lines) = channel();
        // Ends with the child, or when nobody listens any more.
        thread::spawn(move || {
            let all = output.lines().map_while(Result::ok);
            all.map(|line| sender.send(line)).find(Result::is_err)
        });
        Running { line: line.to_owned(), child, lines }
    }

    /// Starts the server on a port of its own, which later lines then use.
    fn start_server(&mut self, line: &str) -> Running {
        let mut server = self.start(&format!("{line} --bind 127.0.0.1:0"));
        let greeting = server.waits_for("listening on http://");
        let address = greeting.trim_start_matches("listening on http://").split(',').next();
        address.expect("split gives one part").clone_into(&mut self.address);
        server
    }
}

/// The line with the path of a program that is built in the place of its
/// `cargo run --bin`, and environment variables where `exec` understands them.
fn built(line: &str) -> String {
    let Some(rest) = line.strip_prefix("cargo run --bin ") else { return format!("env {line}") };
    let (name, arguments) = rest.split_once(' ').expect("each has arguments");
    let path = program(name).get_program().to_string_lossy().into_owned();
    let path = path.replace('\'', r"'\''");
    format!("'{path}' {}", arguments.trim_start_matches("-- "))
}

/// A program that runs; killed and reaped when this is dropped.
struct Running {
    line: String,
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// The next line that it prints with `text` in it.
    fn waits_for(&mut self, text: &str) -> String {
        self.finds(text, |line| line.contains(text))
    }

    /// Waits until it prints this pair, as text or as JSON.
    fn sees(&mut self, key: &str, value: &str) {
        let (text, document) =
            (format!("{key} = {value}"), format!(r#""key":"{key}","value":"{value}""#));
        self.finds(&text, |line| line.ends_with(&text) || line.contains(&document));
    }

    fn finds(&self, what: &str, is_it: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + LIMIT;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if is_it(&line) => return line,
                Ok(_) => {}
                Err(why) => panic!("{} did not print {what:?}: {why}", self.line),
            }
        }
    }

    fn interrupt(&self) {
        let pid = Pid::from_raw(self.child.id().cast_signed());
        kill(pid, Signal::SIGINT).expect("a running program");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended already where it was interrupted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The page, as a person sees it.
struct Page(Browser);

impl Page {
    fn open(address: &str) -> Self {
        let browser = Browser::start();
        browser.open(address);
        Self(browser)
    }

    fn sees(&self, key: &str, value: &str) {
        let (key, value) = (json!(key), json!(value));
        self.0.wait_for(&format!(
            "return [...document.querySelectorAll('[data-state=used]')].some((slot) =>
                slot.querySelector('.key')?.textContent === {key}
                && slot.querySelector('.value')?.textContent === {value})"
        ));
    }

    fn sets(&self, key: &str, value: &str) {
        self.0.click("#open-set");
        for (field, text) in [("#set-key", key), ("#set-value", value)] {
            self.0.focus(field);
            self.0.press(text);
        }
        self.0.click("#set-submit");
    }
}
