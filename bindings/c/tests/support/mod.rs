//! What the test programs of this package share.
#![allow(dead_code)] // each of them uses a part

pub mod children;
pub mod compiler;
pub mod private_shm;
pub mod python;
pub mod trials;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::{env, fs, process};

/// What went wrong, as a sentence.
pub type Outcome<T = ()> = Result<T, String>;

/// The package's directory.
pub fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The functions that the header declares.
pub fn functions() -> Outcome<BTreeSet<String>> {
    let header = package().join("include/shared_memory_kv.h");
    let header = fs::read_to_string(header).map_err(|error| error.to_string())?;
    let declarations = header.lines().filter(|line| line.starts_with(|c: char| c.is_alphabetic()));
    let declared = declarations.filter_map(|line| line.split_once('(')).map(|(start, _)| {
        start.rsplit([' ', '*']).next().expect("rsplit gives one part at least").to_owned()
    });
    Ok(declared.filter(|name| name.starts_with("shared_memory_kv_")).collect())
}

/// Where Cargo has put the library that belongs to this test program: beside
/// it, whatever the target directory and the profile.
pub fn library_directory() -> Outcome<PathBuf> {
    let program =
        env::current_exe().map_err(|error| format!("this program has no path: {error}"))?;
    let directory = program.parent().expect("a program is in a directory");
    let library = directory.join("libshared_memory_kv.so");
    match library.try_exists() {
        Ok(true) => Ok(directory.to_owned()),
        _ => Err(format!("there is no {}", library.display())),
    }
}

/// A new empty directory for what a test makes, removed on drop.
pub fn scratch() -> tempfile::TempDir {
    let all = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(all).expect("Cargo's directory for tests can be made");
    tempfile::tempdir_in(all).expect("a directory can be made in Cargo's for tests")
}

/// A segment name that no other test uses.
pub fn unique_name(subject: &str) -> String {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let number = COUNTER.fetch_add(1, Relaxed);
    format!("/shmkv-test-c-{subject}-{}-{number}", process::id())
}
