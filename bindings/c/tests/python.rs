//! The Python package: its own tests, and Python beside Rust on one store.
//!
//! It stands here because Cargo builds the library that it calls for the tests
//! of this package only.

mod support;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::Trial;
use shmkv::{KeyValue, SegmentName, Store, StoreError};
use support::children::{Talking, output_of};
use support::python::{Python, directory};
use support::trials::{trial, with};
use support::{Outcome, unique_name};

/// How often each process adds one.
const ADDITIONS: u32 = 300;

/// Adds one to "sum", however often others come first.
const ADD: &str = r#"
import sys, shmkv
with shmkv.Store.open(sys.argv[1]) as store:
    print("ready", flush=True)
    store.wait_for_change(seen=1)
    for _ in range(int(sys.argv[2])):
        while True:
            before = store.snapshot()
            try:
                store.compare_and_set("sum", str(int(before["sum"]) + 1), before.version)
                break
            except shmkv.VersionChanged:
                pass
"#;

fn main() -> ExitCode {
    support::trials::run(|| with(&Python::with_tools(), "python", trials))
}

fn trials(python: &Python) -> Vec<Trial> {
    let test = |name: &str, test: fn(&Python) -> Outcome| {
        let python = python.clone();
        trial(name, move || test(&python))
    };
    let mut trials = vec![
        test("package_is_installed_by_pip", installed),
        test("types_are_right", types_are_right),
        test("increments_of_python_and_rust_lose_nothing", nothing_is_lost),
    ];
    for file in test_files() {
        let python = python.clone();
        trials.push(trial(format!("pytest::{file}"), move || pytest(&python, &file)));
    }
    trials
}

/// The files with tests, and the README, whose examples are tests.
fn test_files() -> Vec<String> {
    let entries = fs::read_dir(directory().join("tests")).expect("the package has tests");
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let tests = names.filter(|name| name.starts_with("test_") && name.ends_with(".py"));
    let mut files: Vec<_> = tests.map(|name| format!("tests/{name}")).collect();
    files.push("README.md".into());
    files.sort();
    files
}

/// The package that is imported is the installed one, with its type hints.
fn installed(python: &Python) -> Outcome {
    python.install_package()?;
    let show = "import shmkv; print(shmkv.__path__[0])";
    let printed = output_of(python.run(["-c", show]).env_remove("PYTHONPATH"))?;
    let place = Path::new(printed.trim_end());
    if place.starts_with(env!("CARGO_TARGET_TMPDIR")) && place.join("py.typed").is_file() {
        return Ok(());
    }
    Err(format!("the package was imported from {printed}"))
}

fn pytest(python: &Python, file: &str) -> Outcome {
    let arguments = ["-m", "pytest", "--quiet", "--doctest-glob=README.md", file];
    output_of(&mut python.run(arguments)).map(drop)
}

fn types_are_right(python: &Python) -> Outcome {
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/mypy");
    output_of(&mut python.run(["-m", "mypy", "--cache-dir", cache, "src", "tests"])).map(drop)
}

/// Schedule: two Python processes and this one add one, 300 times each, all
/// three from the same change on. Allowed: 900.
fn nothing_is_lost(python: &Python) -> Outcome {
    let told = |error: StoreError| error.to_string();
    let name = SegmentName::new(unique_name("sum")).map_err(|error| error.to_string())?;
    let store = Store::create(&name).map_err(told)?;
    let done = store.set("sum", "0").map_err(told).and_then(|_| add_together(python, &store));
    Store::unlink(&name).map_err(told)?;
    done?;
    let (sum, wanted) = (store.get_text("sum").map_err(told)?, 3 * ADDITIONS);
    if sum == wanted.to_string() {
        return Ok(());
    }
    Err(format!("the sum of {wanted} additions is {sum}"))
}

fn add_together(python: &Python, store: &Store) -> Outcome {
    let (name, times) = (store.segment().name().as_str(), ADDITIONS.to_string());
    let start = || {
        let mut script = Talking::start(&mut python.run(["-c", ADD, name, &times]))?;
        script.lines_to("ready")?;
        Ok::<_, String>(script)
    };
    let scripts = [start()?, start()?];
    store.set("go", "now").map_err(|error| error.to_string())?;
    for _ in 0..ADDITIONS {
        add_one(store).map_err(|error| error.to_string())?;
    }
    for script in scripts {
        let status = script.finish()?;
        if !status.success() {
            return Err(format!("a Python process ended with {status}"));
        }
    }
    Ok(())
}

fn add_one(store: &Store) -> Result<(), StoreError> {
    loop {
        let before = store.entries()?;
        let sum = before.get("sum").expect("it was set before").value_text()?.parse::<u32>();
        let sum = sum.expect("only numbers are set") + 1;
        match store.compare_and_set("sum", sum.to_string(), before.version) {
            Err(StoreError::VersionChanged { .. }) => {}
            done => return done.map(drop),
        }
    }
}
