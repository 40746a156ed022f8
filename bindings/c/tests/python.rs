//! The Python package: its own tests, and Python beside Rust on one store.
//!
//! It stands here because Cargo builds the library that it calls for the tests
//! of this package only.

mod support;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{ExitCode, ExitStatus};
use std::{env, fs};

use libtest_mimic::Trial;
use shmkv::{KeyValue, SegmentName, Store, StoreError};
use support::children::{Talking, output_of, run};
use support::python::{Python, directory};
use support::trials::{trial, with};
use support::{Outcome, scratch, unique_name};

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
        test("wheel_brings_what_cargo_builds", wheel_brings_what_cargo_builds),
        test("wheel_without_cargo_is_refused", wheel_without_cargo_is_refused),
        test("wheel_outside_a_checkout_is_refused", wheel_outside_a_checkout_is_refused),
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

/// The package that is imported is the installed one, with its type hints, its
/// version, and a library of its own.
fn installed(python: &Python) -> Outcome {
    python.install_package()?;
    let show = "import shmkv; from shmkv import _library; \
                print(shmkv.__version__, shmkv.__path__[0], _library.load().path, sep='\\n')";
    let printed = output_of(&mut python.run_installed(["-c", show]))?;
    let [version, package, library] = printed.lines().collect::<Vec<_>>()[..] else {
        return Err(format!("it printed {printed}"));
    };
    let (package, library) = (Path::new(package), Path::new(library));
    if version == env!("CARGO_PKG_VERSION")
        && package.starts_with(env!("CARGO_TARGET_TMPDIR"))
        && package.join("py.typed").is_file()
        && library.starts_with(package)
    {
        return Ok(());
    }
    Err(format!("version, package and library are\n{printed}"))
}

/// Where no library is named, Cargo builds the one that the wheel brings.
fn wheel_brings_what_cargo_builds(python: &Python) -> Outcome {
    let scratch = scratch();
    let cargo = scratch.path().join("cargo");
    write_cargo_without_release(&cargo)?;
    let path = format!("{}:{}", scratch.path().display(), env::var("PATH").unwrap_or_default());
    output_of(python.wheel(&directory(), scratch.path()).env("PATH", path))?;
    let tag = format!("py3-none-linux_{}", env::consts::ARCH);
    let wheel = format!("shmkv-{}-{tag}.whl", env!("CARGO_PKG_VERSION"));
    let listed = output_of(python.run(["-m", "zipfile", "-l"]).arg(scratch.path().join(&wheel)))?;
    if listed.contains("shmkv/libshared_memory_kv.so") {
        return Ok(());
    }
    Err(format!("{wheel} holds\n{listed}"))
}

/// A `cargo` that builds without optimisation, as this test was built: it takes
/// a quarter of the time.
fn write_cargo_without_release(path: &Path) -> Outcome {
    let script = "#!/bin/sh\nfor argument; do\n  shift\n  \
                  [ \"$argument\" = --release ] || set -- \"$@\" \"$argument\"\ndone\n\
                  exec \"$CARGO\" \"$@\"\n";
    fs::write(path, script).map_err(|error| error.to_string())?;
    fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(|error| error.to_string())
}

fn wheel_without_cargo_is_refused(python: &Python) -> Outcome {
    let scratch = scratch();
    let (status, printed) =
        run(python.wheel(&directory(), scratch.path()).env("PATH", "/nowhere"))?;
    let told = "shmkv: cargo cannot be run: [Errno 2] No such file or directory: 'cargo'. \
                Install Rust, or set SHMKV_LIBRARY to the path of a libshared_memory_kv.so";
    refused(status, &printed, told)
}

fn wheel_outside_a_checkout_is_refused(python: &Python) -> Outcome {
    let scratch = scratch();
    let package = scratch.path().join("package");
    for file in ["pyproject.toml", "README.md", "hatch_build.py", "src/shmkv/__init__.py"] {
        let copy = package.join(file);
        fs::create_dir_all(copy.parent().expect("it is in the package"))
            .and_then(|()| fs::copy(directory().join(file), copy))
            .map_err(|error| format!("{file}: {error}"))?;
    }
    let (status, printed) = run(&mut python.wheel(&package, scratch.path()))?;
    refused(status, &printed, "is not in one. Install from bindings/python of a checkout")
}

fn refused(status: ExitStatus, printed: &str, told: &str) -> Outcome {
    // Words may be parted by an end of line.
    let words = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    if !status.success() && words.contains(told) && !words.contains("Traceback") {
        return Ok(());
    }
    Err(format!("{status}; it printed\n{printed}"))
}

fn pytest(python: &Python, file: &str) -> Outcome {
    let arguments = ["-m", "pytest", "--quiet", "--doctest-glob=README.md", file];
    output_of(&mut python.run(arguments)).map(drop)
}

fn types_are_right(python: &Python) -> Outcome {
    let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/mypy");
    output_of(&mut python.run([
        "-m",
        "mypy",
        "--cache-dir",
        cache,
        "src",
        "tests",
        "hatch_build.py",
    ]))
    .map(drop)
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
