//! What is the machine's fault costs no points: it is told apart, and nothing is left
//! behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, geteuid, mkfifo};
use serde_json::Value;
use tempfile::TempDir;

const LABS: &str = env!("CARGO_BIN_EXE_labs");

/// What a test waits for comes long before.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder with the learner's files as they are handed out.
fn exercises() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises");
    for part in ["starters", "solutions", "hints", "."] {
        let source = if part == "." { "starters" } else { part };
        let to = folder.path().join("labs/exercises").join(part);
        copy_all(&from.join(source), &to);
    }
    folder
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy_all(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("a copy")),
        }
    }
}

fn wrong_answer(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises/wrong/lab-1/insert");
    fs::read_to_string(folder.join(name)).expect("a wrong answer")
}

fn answer(folder: &TempDir) -> PathBuf {
    folder.path().join("labs/exercises/lab-1/insert.rs")
}

fn labs(folder: &TempDir, arguments: &[&str]) -> Command {
    let mut command = Command::new(LABS);
    command.args(arguments).env("SHMKV_LABS_DIR", folder.path()).stdin(Stdio::null());
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

/// Where checkers are built.
fn checkers() -> PathBuf {
    Path::new(LABS).with_file_name("labs-checkers")
}

/// `labs` with a disk of its own in the place where checkers are built; `None` where
/// nothing may be mounted.
fn on_a_disk(options: &str, folder: &TempDir, arguments: &[&str]) -> Option<Output> {
    fs::create_dir_all(checkers()).expect("a folder");
    let spaces = if geteuid().is_root() { "-m" } else { "-Urm" };
    let script = format!("mount -t tmpfs -o {options} tmpfs \"$0\" || exit 99; exec \"$@\"");
    let mut command = Command::new("unshare");
    command.args([spaces, "/bin/sh", "-c", &script]).arg(checkers()).arg(LABS).args(arguments);
    let output = command.env("SHMKV_LABS_DIR", folder.path()).output().expect("unshare");
    let refused = output.status.code() == Some(99) || said(&output).starts_with("unshare:");
    if refused {
        eprintln!("nothing may be mounted here: {}", said(&output));
    }
    (!refused).then_some(output)
}

#[test]
fn full_disk_is_no_fault_of_the_answer() {
    let folder = exercises();
    fs::write(answer(&folder), wrong_answer("../../../solutions/lab-1/insert.rs"))
        .expect("written");
    for size in ["64k", "4m"] {
        let options = format!("size={size}");
        let Some(output) = on_a_disk(&options, &folder, &["check", "insert"]) else { return };
        let told = said(&output);
        assert_eq!(output.status.code(), Some(3), "{told}");
        assert!(told.starts_with("labs: could not check: "), "{told}");
        assert!(told.contains("left on its disk") || told.contains("No space left"), "{told}");
    }
    assert!(!folder.path().join("labs/exercises/.progress.json").exists(), "nothing was found out");
}

/// Reports say of each exercise that it could not be checked, and of none that it failed.
#[test]
fn target_that_cannot_be_written_is_no_fault_of_the_answers() {
    let folder = exercises();
    let [json, junit, points] = ["a.json", "a.xml", "p.json"].map(|name| folder.path().join(name));
    let file = |path: &PathBuf| path.to_str().expect("text").to_owned();
    let (json_text, junit_text, points_text) = (file(&json), file(&junit), file(&points));
    let arguments =
        ["grade", "--json", &json_text, "--junit", &junit_text, "--points", &points_text];
    let Some(output) = on_a_disk("ro", &folder, &arguments) else { return };
    let told = said(&output);
    assert_eq!(output.status.code(), Some(3), "{told}");
    assert!(told.contains("insert             could not check: making a folder in "), "{told}");
    assert!(told.ends_with("no points are lost by that\n"), "{told}");
    let read = |path: &PathBuf| fs::read_to_string(path).expect("a report");
    let json: Value = serde_json::from_str(&read(&json)).expect("JSON");
    assert_eq!(json["could_not_check"], json["exercises"]);
    for result in json["results"].as_array().expect("a list") {
        let why = result["could_not_check"].as_str().expect("a sentence");
        assert!(why.contains("Read-only file system"), "{why}");
        assert_eq!(result["failure"], Value::Null);
    }
    let junit = read(&junit);
    assert!(junit.contains("failures=\"0\" errors=\"23\""), "{junit}");
    let points: Value = serde_json::from_str(&read(&points)).expect("JSON");
    assert_eq!(
        (&points["status"], &points["tests"][0]["status"]),
        (&"error".into(), &"error".into())
    );
}

/// A compiler that kills itself, as another program might; and one that says nothing of
/// the file.
#[test]
fn killed_and_broken_compilers_are_no_fault_of_the_answer() {
    let folder = exercises();
    fs::write(answer(&folder), wrong_answer("../../../solutions/lab-1/insert.rs"))
        .expect("written");
    let compiler = folder.path().join("bin/rustc");
    fs::create_dir(folder.path().join("bin")).expect("a folder");
    let cargo = folder.path().join("bin/cargo");
    let real = std::env::var("CARGO").unwrap_or("cargo".into());
    write_program(&cargo, &format!("#!/bin/sh\nunset RUSTC\nexec '{real}' \"$@\"\n"));
    for (does, told) in [
        ("kill -KILL $$", "the compiler was ended from outside (signal: 9"),
        (
            "echo broken >&2; exit 1",
            "the file that was handed out does not compile here either: broken",
        ),
    ] {
        let place = folder.path().display();
        let script = format!("#!/bin/sh\n[ \"$1\" = --print ] && echo '{place}' && exit\n{does}\n");
        write_program(&compiler, &script);
        // The libraries are built by the real one.
        let mut command = labs(&folder, &["check", "insert"]);
        command.env("RUSTC", &compiler).env("CARGO", &cargo);
        let output = command.output().expect("the runner runs");
        assert_eq!(output.status.code(), Some(3), "{}", said(&output));
        assert!(said(&output).contains(told), "{}", said(&output));
    }
}

fn write_program(file: &Path, script: &str) {
    fs::write(file, script).expect("written");
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("it is ours");
}

/// At once, and not when a limit is reached.
#[test]
fn compiler_does_not_wait_for_devices_and_pipes() {
    let folder = exercises();
    let pipe = answer(&folder).with_file_name("pipe");
    mkfifo(&pipe, Mode::S_IRWXU).expect("a pipe");
    for taken_in in ["/dev/ptmx", pipe.to_str().expect("text")] {
        let text = format!("pub const _: &[u8] = include_bytes!({taken_in:?});");
        fs::write(answer(&folder), text).expect("written");
        let output = labs(&folder, &["check", "insert"]).output().expect("the runner runs");
        let told = said(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("insert: does not compile"), "{told}");
        assert!(told.contains("can take in no other") || told.contains("waited 3 s"), "{told}");
    }
    fs::remove_file(answer(&folder)).expect("it is ours");
    mkfifo(&answer(&folder), Mode::S_IRWXU).expect("a pipe");
    let told = said(&labs(&folder, &["check", "insert"]).output().expect("the runner runs"));
    assert!(told.contains("The file insert.rs is a pipe, a socket or a device"), "{told}");
}

#[test]
fn file_that_cannot_be_written_is_told_before_anything_is_graded() {
    let folder = exercises();
    let nowhere = folder.path().join("no/such/folder.xml");
    let nowhere = nowhere.to_str().expect("text");
    let output = labs(&folder, &["grade", "--junit", nowhere]).output().expect("the runner runs");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 0), "{}", said(&output));
    assert!(said(&output).starts_with("labs: writing "), "{}", said(&output));
}

/// However the runner is ended: whatever it has started ends, and the next one
/// removes its folder.
#[test]
fn nothing_is_left_of_a_runner_that_is_ended() {
    for (signal, text, program) in [
        (Signal::SIGKILL, wrong_answer("computes_for_ever.rs"), "checker"),
        (Signal::SIGTERM, wrong_answer("computes_for_ever.rs"), "checker"),
        (Signal::SIGINT, wrong_answer("computes_in_the_compiler.rs"), "rustc"),
        (Signal::SIGKILL, wrong_answer("computes_in_the_compiler.rs"), "rustc"),
    ] {
        let folder = exercises();
        fs::write(answer(&folder), text).expect("written");
        let mut command = labs(&folder, &["check", "insert"]);
        let mut runner =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it runs");
        let left = checkers().join(format!("{}-0", runner.id()));
        let started = wait_for(|| {
            // Cargo asks a compiler, too, before there is a folder.
            let found = left.exists().then(|| descendants(runner.id()))?;
            found.iter().any(|(_, name)| name == program).then_some(found)
        });
        kill(Pid::from_raw(runner.id().cast_signed()), signal).expect("it lives");
        end(&mut runner);
        let places: Vec<PathBuf> =
            started.iter().map(|(id, _)| Path::new("/proc").join(id.to_string())).collect();
        wait_for(|| places.iter().all(|place| is_dead(place)).then_some(()));
        fs::write(answer(&folder), "syntax error").expect("written");
        labs(&folder, &["check", "insert"]).output().expect("the runner runs");
        assert!(!left.exists(), "{} is still there", left.display());
    }
}

/// A simulated process that gets no processor for a while goes on where it was: under
/// stress, and then in the simulator, it computes for ever, and that is what is told.
#[test]
fn process_that_the_machine_does_not_run_is_not_blamed_for_it() {
    let folder = exercises();
    fs::write(answer(&folder), wrong_answer("computes_for_ever.rs")).expect("written");
    let mut command = labs(&folder, &["check", "insert"]);
    let runner = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    // The checker's child that has children is the one that forks executions.
    let simulated =
        wait_for(|| descendants_at(runner.id(), 3).into_iter().find(|(_, name)| name == "checker"));
    let simulated = Pid::from_raw(simulated.0.cast_signed());
    kill(simulated, Signal::SIGSTOP).expect("it lives");
    // Longer than the simulator lets pass between two looks.
    sleep(Duration::from_millis(500));
    kill(simulated, Signal::SIGCONT).expect("it lives");
    let told = said(&runner.wait_with_output().expect("it ends"));
    assert!(told.contains("insert: too slow"), "{told}");
}

/// The descendants of `root` that are as many generations younger.
fn descendants_at(root: u32, generations: usize) -> Vec<(u32, String)> {
    let mut family = vec![(root, String::new())];
    for _ in 0..generations {
        family = family.into_iter().flat_map(|(id, _)| children(id)).collect();
    }
    family
}

/// It may end by itself between two looks.
fn end(runner: &mut Child) {
    wait_for(|| runner.try_wait().expect("a child"));
}

fn is_dead(place: &Path) -> bool {
    let stat = fs::read_to_string(place.join("stat")).unwrap_or_default();
    stat.rsplit_once(')').is_none_or(|(_, rest)| rest.trim_start().starts_with('Z'))
}

/// The processes that descend from `root`, with their names.
fn descendants(root: u32) -> Vec<(u32, String)> {
    let mut family: Vec<(u32, String)> = Vec::new();
    let mut parents = vec![root];
    while let Some(parent) = parents.pop() {
        let children = children(parent);
        parents.extend(children.iter().map(|(id, _)| *id));
        family.extend(children);
    }
    family
}

fn children(parent: u32) -> Vec<(u32, String)> {
    let list = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children"));
    let named = |id: &str| {
        let name = fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
        (id.parse().expect("a number"), name.trim().to_owned())
    };
    list.unwrap_or_default().split_whitespace().map(named).collect()
}

/// Bounded: what never comes fails the test.
fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "it never came");
        sleep(Duration::from_millis(5));
    }
}
