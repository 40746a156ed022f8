//! What several of the runner's tests need.
// Each test uses some of it.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// A copy of the exercises as they are handed out.
pub struct Copy {
    folder: TempDir,
}

impl Copy {
    pub fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        let to = folder.path().join("labs/exercises");
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../exercises");
        for part in ["starters", "solutions", "hints"] {
            copy_all(&from.join(part), &to.join(part));
        }
        copy_all(&from.join("starters"), &to);
        Self { folder }
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join("labs/exercises").join(file)
    }

    pub fn solve(&self, exercise: &str) {
        let text = fs::read(self.path(&format!("solutions/{exercise}"))).expect("a solution");
        fs::write(self.path(exercise), text).expect("it can be written");
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_labs"));
        command.args(arguments).env("SHMKV_LABS_DIR", self.folder.path());
        command.current_dir(self.folder()).stdin(Stdio::null());
        command
    }

    /// Replaces the learner's file of `exercise`.
    pub fn write(&self, exercise: &str, text: &str) {
        fs::write(self.path(exercise), text).expect("it can be written");
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the runner runs")
    }

    /// What is said, with the exit status.
    pub fn say(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(arguments);
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).expect("text"))
    }
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
