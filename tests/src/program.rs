//! The project's programs, built in the profile of the test that runs them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, OnceLock};

/// A command that runs program `name` of the workspace, built if need be.
///
/// # Panics
/// Where it cannot be built; the compiler has then said why.
pub fn program(name: &str) -> Command {
    static BUILT: OnceLock<Mutex<HashMap<String, PathBuf>>> = OnceLock::new();
    let built = BUILT.get_or_init(Mutex::default);
    // A panic while building leaves a map that is still whole.
    let mut built = built.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let path = built.entry(name.to_owned()).or_insert_with(|| build(name));
    let mut command = Command::new(path);
    command.env("NO_COLOR", "1").env("RUST_BACKTRACE", "0");
    command
}

fn build(name: &str) -> PathBuf {
    let build = escargot::CargoBuild::new()
        .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
        .bin(name);
    let build = if cfg!(debug_assertions) { build } else { build.release() };
    let run = build.run().unwrap_or_else(|error| panic!("{name} could not be built: {error}"));
    run.path().to_owned()
}
