//! `watch` in a terminal: what each key does, that a passed exercise stays, and that the
//! terminal is given back however it ends.
//!
//! Each wait is for what the program prints or does; nothing is timed but the end.

mod common;

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use common::Copy;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, Termios, tcgetattr};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The end of the line of keys, after which the program waits.
const WAITS: &str = "\u{1b}[0m help";

/// `watch` in a terminal of its own.
struct Session {
    child: Child,
    keys_and_screen: File,
    terminal: OwnedFd,
    before: Termios,
    end: Instant,
}

impl Session {
    fn start(copy: &Copy) -> Self {
        let pair = openpty(None, None).expect("a terminal");
        let before = tcgetattr(&pair.slave).expect("its settings");
        assert!(before.local_flags.contains(LocalFlags::ICANON | LocalFlags::ECHO));
        let own = || pair.slave.try_clone().expect("a copy");
        // So that Ctrl-C is a signal to it.
        let mut command = Command::new("setsid");
        let labs = copy.command(&["watch"]);
        command.arg("--ctty").arg(labs.get_program()).args(labs.get_args());
        command.envs(labs.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(copy.folder()).env("TERM", "xterm").env_remove("NO_COLOR");
        command.stdin(own()).stdout(own()).stderr(own());
        let child = command.spawn().expect("it runs");
        let keys_and_screen = File::from(pair.master);
        let end = Instant::now() + PATIENCE;
        Self { child, keys_and_screen, terminal: pair.slave, before, end }
    }

    fn press(&mut self, keys: &str) {
        self.keys_and_screen.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// What is on the screen up to the next `wanted`.
    fn read_to(&mut self, wanted: &str) -> String {
        let mut seen = Vec::new();
        while !String::from_utf8_lossy(&seen).contains(wanted) {
            let left = self.end.saturating_duration_since(Instant::now());
            let mut screen = [PollFd::new(self.keys_and_screen.as_fd(), PollFlags::POLLIN)];
            let ready = poll(&mut screen, PollTimeout::try_from(left).expect("short"));
            assert!(ready == Ok(1), "never {wanted:?}: {}", String::from_utf8_lossy(&seen));
            let mut byte = [0];
            self.keys_and_screen.read_exact(&mut byte).expect("a screen");
            seen.extend(byte);
        }
        String::from_utf8(seen).expect("text")
    }

    fn settings(&self) -> Termios {
        tcgetattr(&self.terminal).expect("its settings")
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    /// How it ended; the terminal is as it was.
    fn ended(mut self) -> ExitStatus {
        // What nobody reads could keep it from ending.
        let mut screen = self.keys_and_screen.try_clone().expect("a copy");
        std::thread::spawn(move || screen.read_to_end(&mut Vec::new()));
        let status = self.child.wait().expect("a child");
        assert_eq!(self.settings(), self.before);
        status
    }
}

/// Ends with the test, whatever happens.
impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// As editors do it: a new file takes the old one's place.
fn save_by_rename(copy: &Copy, exercise: &str) {
    let draft = copy.path("lab-1/.draft");
    fs::copy(copy.path(&format!("solutions/{exercise}")), &draft).expect("a draft");
    fs::rename(&draft, copy.path(exercise)).expect("it can be replaced");
}

#[test]
fn each_key_does_what_it_says_and_a_passed_exercise_stays() {
    let copy = Copy::new();
    let mut session = Session::start(&copy);
    let said = session.read_to(WAITS);
    assert!(said.contains("Lab 1, predict: name all values"), "{said}");
    assert!(said.contains("not attempted"), "{said}");
    assert!(said.contains("Exercises 0/23 "), "{said}");
    assert!(!session.settings().local_flags.intersects(LocalFlags::ICANON | LocalFlags::ECHO));

    session.press("h");
    let said = session.read_to(WAITS);
    assert!(said.contains("three-increments, hint 1 of") && !said.contains("hint 2"), "{said}");
    // Keys that mean nothing: a letter, and an arrow.
    session.press("x\x1b[A");
    session.press("?");
    let said = session.read_to("says what the keys do");
    assert_eq!(said.matches(WAITS).count(), 0, "{said}");
    session.read_to(WAITS);
    session.press("L");
    let said = session.read_to(WAITS);
    assert!(said.contains("transfer") && said.lines().count() <= 30, "{said}");
    session.press("r");
    assert!(session.read_to(WAITS).contains("No outcome is named yet."));

    save_by_rename(&copy, "lab-1/three-increments.rs");
    for again in ["", "r"] {
        session.press(again);
        let said = session.read_to(WAITS);
        assert!(said.contains("passed") && said.contains("Lab 1, predict: "), "{said}");
        let solution = "Solution: labs/exercises/solutions/lab-1/three-increments.rs:1";
        assert!(said.contains(solution) && said.contains("Exercises 1/23"), "{said}");
    }
    session.press("n");
    assert!(session.read_to(WAITS).contains("Lab 1, break: find a schedule"));
    session.press("q");
    assert_eq!(session.ended().code(), Some(0));
}

/// The last one that passes: all are checked again.
#[test]
fn after_the_last_exercise_next_says_so() {
    let copy = Copy::new();
    let passed = r#"{"passed": true, "checks": 1, "hints": 0, "failure": null}"#;
    let entries: Vec<String> = shmkv_grader::catalogue::ALL[1..]
        .iter()
        .map(|exercise| format!("\"{}\": {passed}", exercise.id))
        .collect();
    let progress = format!("{{\"version\": 1, \"exercises\": {{{}}}}}", entries.join(","));
    fs::write(copy.path(".progress.json"), progress).expect("written");
    let mut session = Session::start(&copy);
    session.read_to(WAITS);
    session.press("n");
    let said = session.read_to(WAITS);
    assert!(said.contains("three-increments is the only one that has not passed."), "{said}");
    session.press("q");
    assert_eq!(session.ended().code(), Some(0));
}

/// Ctrl-C and the end of input come through the terminal, the others from elsewhere.
#[test]
fn the_terminal_is_given_back_at_every_end() {
    let copy = Copy::new();
    let end = |act: &dyn Fn(&mut Session)| {
        let mut session = Session::start(&copy);
        session.read_to(WAITS);
        act(&mut session);
        session.ended()
    };
    assert_eq!(end(&|session| session.press("\x03")).signal(), Some(Signal::SIGINT as i32));
    assert_eq!(end(&|session| session.press("\x04")).code(), Some(0));
    for signal in [Signal::SIGTERM, Signal::SIGHUP] {
        let status = end(&|session| kill(session.pid(), signal).expect("it lives"));
        assert_eq!(status.signal(), Some(signal as i32));
    }
}

#[test]
fn a_signal_ends_it_in_the_midst_of_a_check() {
    let copy = Copy::new();
    let mut session = Session::start(&copy);
    session.read_to(WAITS);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises/wrong");
    fs::copy(folder.join("lab-1/insert/computes_for_ever.rs"), copy.path("lab-1/insert.rs"))
        .expect("a copy");
    session.read_to("Lab 1, write: ");
    kill(session.pid(), Signal::SIGTERM).expect("it lives");
    assert_eq!(session.ended().signal(), Some(Signal::SIGTERM as i32));
}

/// Ctrl-Z gives the terminal to the shell, and `fg` takes it again.
#[test]
fn a_stop_gives_the_terminal_back_until_it_goes_on() {
    let copy = Copy::new();
    let mut session = Session::start(&copy);
    session.read_to(WAITS);
    session.press("\x1a");
    let stopped = waitpid(session.pid(), Some(WaitPidFlag::WUNTRACED)).expect("a child");
    assert_eq!(stopped, WaitStatus::Stopped(session.pid(), Signal::SIGSTOP));
    assert_eq!(session.settings(), session.before);
    kill(session.pid(), Signal::SIGCONT).expect("it lives");
    // A key that arrives without a line's end.
    session.press("h");
    assert!(session.read_to(WAITS).contains("hint 1 of"));
    session.press("q");
    assert_eq!(session.ended().code(), Some(0));
}
