//! From a learner's file to a program that checks it.
//!
//! Idea: the libraries were built by Cargo, together with this runner; what is
//! left is one small crate and one link, for which `rustc` alone is enough and
//! takes a second. The file is a crate of its own: it sees what is given and
//! nothing of the checker, may hold no unsafe code and take in no other file, and
//! its compiler errors are the compiler's own.
//! Limits: the compiler must be the one that built the libraries; where it is
//! not, it says so. Where the compiler takes unsound code for safe, such code can
//! do to its process what it likes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Deserialize;
use shmkv_grader::catalogue::Exercise;
use tempfile::TempDir;

use crate::bounded;
use crate::places::Places;

/// Why no checker could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// The learner's file does not compile.
    #[error("{diagnostics}")]
    Refused {
        /// What the compiler said.
        diagnostics: String,
    },
    /// The file fits no checker, though it compiles on its own: a function is
    /// missing, or takes other arguments.
    #[error("{diagnostics}")]
    Unfit {
        /// What the compiler said.
        diagnostics: String,
    },
    /// The file takes in something else: another file, or what the environment
    /// says.
    #[error("{what} is taken in: an answer is one file, and nothing else counts")]
    NotAlone {
        /// What.
        what: String,
    },
    /// The compiler had not ended within its limits.
    #[error(
        "the compiler had not ended after {} s of processor time, or {} s in all",
        bounded::CPU_S,
        bounded::WALL_S
    )]
    Endless,
    /// Cargo could not build the libraries.
    #[error("cargo could not build the grader's libraries:\n{said}")]
    Libraries {
        /// What it said.
        said: String,
    },
    /// A program could not be run, or a file not be read or written.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: io::Error,
    },
}

fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> CompileError {
    move |source| CompileError::Io { what: what.into(), source }
}

/// The libraries that answers are compiled against.
#[derive(Clone, Debug)]
pub struct Libraries {
    shmkv: PathBuf,
    grader: PathBuf,
    /// The folder from which compiler messages name files.
    pub base: PathBuf,
    /// Whether compiler messages are coloured.
    pub colour: bool,
}

/// What Cargo says about one thing that it built; other messages have no target.
#[derive(Deserialize)]
struct Artifact {
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Libraries {
    /// Has Cargo build the libraries, which it has done when it built this
    /// program in the same way, and asks where they are.
    ///
    /// # Errors
    /// [`CompileError::Libraries`], [`CompileError::Io`].
    pub fn build(places: &Places) -> Result<Self, CompileError> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(["build", "--quiet", "--bin", "labs", "--message-format", "json"]);
        if !cfg!(debug_assertions) {
            command.arg("--release");
        }
        command.arg("--manifest-path").arg(places.workspace.join("Cargo.toml"));
        let built = command.stdin(Stdio::null()).output().map_err(io_error("running cargo"))?;
        let said = String::from_utf8_lossy(&built.stderr).into_owned();
        if !built.status.success() {
            return Err(CompileError::Libraries { said });
        }
        let messages = String::from_utf8_lossy(&built.stdout);
        let library = |name: &str| {
            let artifacts = messages.lines().filter_map(|line| serde_json::from_str(line).ok());
            library_of(artifacts, name)
                .ok_or_else(|| CompileError::Libraries { said: format!("{said}no library {name}") })
        };
        Ok(Self {
            shmkv: library("shmkv")?,
            grader: library("shmkv_grader")?,
            base: places.root.clone(),
            colour: false,
        })
    }

    /// The folder that holds all libraries.
    fn folder(&self) -> &Path {
        self.grader.parent().unwrap_or(Path::new("."))
    }

    /// `rustc` with what all its uses here have in common.
    fn rustc(&self) -> Command {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.current_dir(&self.base);
        rustc.args(["--edition", "2024", "-C", "debuginfo=line-tables-only"]);
        rustc.arg(if self.colour { "--color=always" } else { "--color=never" });
        rustc.arg("-L").arg(joined("dependency=", self.folder()));
        rustc.arg("--extern").arg(joined("shmkv=", &self.shmkv));
        rustc.arg("--extern").arg(joined("shmkv_grader=", &self.grader));
        rustc
    }
}

fn library_of(mut artifacts: impl Iterator<Item = Artifact>, name: &str) -> Option<PathBuf> {
    artifacts.find_map(|artifact| {
        let target = artifact.target?;
        let ours = target.name == name && target.kind.iter().any(|kind| kind == "lib");
        let is_library = |path: &PathBuf| path.extension().is_some_and(|end| end == "rlib");
        artifact.filenames.into_iter().find(|path| ours && is_library(path))
    })
}

fn joined(prefix: &str, path: &Path) -> std::ffi::OsString {
    let mut joined = std::ffi::OsString::from(prefix);
    joined.push(path);
    joined
}

/// A program that checks some answers to one exercise. Its folder is removed
/// when it is dropped.
#[derive(Debug)]
pub struct Checker {
    folder: TempDir,
}

impl Checker {
    /// The program.
    pub fn program(&self) -> PathBuf {
        self.folder.path().join("checker")
    }
}

/// One answer: what it is called, and its file.
pub type Answer<'a> = (&'a str, &'a Path);

/// Makes a program that checks `answers` to `exercise`.
///
/// # Errors
/// See [`CompileError`]; where an answer does not compile, the first that does not.
pub fn checker(
    libraries: &Libraries,
    exercise: &Exercise,
    answers: &[Answer<'_>],
) -> Result<Checker, CompileError> {
    let place = libraries.folder().with_file_name("labs-checkers");
    let folder = fs::create_dir_all(&place).and_then(|()| TempDir::new_in(&place));
    let folder = folder.map_err(io_error(format!("making a folder in {}", place.display())))?;
    let checker = Checker { folder };
    for (number, (_, file)) in answers.iter().enumerate() {
        compile_answer(libraries, &checker, number, file)?;
    }
    link(libraries, &checker, exercise, answers)?;
    Ok(checker)
}

/// The crate of answer `number`.
fn crate_name(number: usize) -> String {
    format!("answer_{number}")
}

fn compile_answer(
    libraries: &Libraries,
    checker: &Checker,
    number: usize,
    file: &Path,
) -> Result<(), CompileError> {
    let mut rustc = libraries.rustc();
    rustc.args(["--crate-type", "rlib", "--forbid", "unsafe-code", "--crate-name"]);
    let name = crate_name(number);
    rustc.arg(&name).arg("--out-dir").arg(checker.folder.path());
    let taken_in = checker.folder.path().join(name).with_extension("d");
    rustc.arg(joined("--emit=link,dep-info=", &taken_in));
    // As the compiler shows it.
    let shown = file.strip_prefix(&libraries.base).unwrap_or(file);
    rustc.arg(shown);
    finish(&rustc, checker, |diagnostics| CompileError::Refused { diagnostics })?;
    let listed = fs::read_to_string(taken_in).map_err(io_error("reading what rustc has read"))?;
    match foreign(&listed, shown) {
        None => Ok(()),
        Some(what) => Err(CompileError::NotAlone { what }),
    }
}

/// What the compiler has read beside `file`, by its own list, which is in the
/// form of makefiles: each file is a target, and variables are comments.
fn foreign(listed: &str, file: &Path) -> Option<String> {
    let own = file.display().to_string().replace(' ', "\\ ");
    listed.lines().find_map(|line| match line.strip_prefix("# env-dep:") {
        Some(variable) => {
            let name = variable.split('=').next().unwrap_or_default();
            Some(format!("the environment's {name}"))
        }
        None => line.strip_suffix(':').filter(|read| *read != own).map(str::to_owned),
    })
}

fn link(
    libraries: &Libraries,
    checker: &Checker,
    exercise: &Exercise,
    answers: &[Answer<'_>],
) -> Result<(), CompileError> {
    let main = checker.folder.path().join("main.rs");
    fs::write(&main, main_of(exercise, answers)).map_err(io_error("writing the checker"))?;
    let mut rustc = libraries.rustc();
    rustc.args(["--crate-name", "checker", "-o"]).arg(checker.program());
    for number in 0..answers.len() {
        let name = crate_name(number);
        let library = checker.folder.path().join(format!("lib{name}.rlib"));
        rustc.arg("--extern").arg(joined(&format!("{name}="), &library));
    }
    finish(rustc.arg(&main), checker, |diagnostics| CompileError::Unfit { diagnostics })
}

/// Runs a compiler to its end; `refused` makes an error of what it says.
fn finish(
    rustc: &Command,
    checker: &Checker,
    refused: fn(String) -> CompileError,
) -> Result<(), CompileError> {
    let log = checker.folder.path().join("rustc.log");
    let ran = bounded::run(rustc, &log).map_err(io_error("running rustc"))?;
    match ran.status {
        Some(status) if status.success() => Ok(()),
        Some(_) => Err(refused(ran.said)),
        None => Err(CompileError::Endless),
    }
}

/// The source of a checker. Answers are made in constants: whatever a learner's
/// file calls an item, none of its code runs in the checker.
fn main_of(exercise: &Exercise, answers: &[Answer<'_>]) -> String {
    let answer = format!("shmkv_grader::{}::Answer", exercise.module);
    let mut main = String::new();
    for number in 0..answers.len() {
        let name = crate_name(number);
        let fields = exercise.items.iter();
        let fields = fields.map(|item| format!("{}: {name}::{item}", item.to_lowercase()));
        let fields = fields.collect::<Vec<_>>().join(", ");
        main += &format!("const ANSWER_{number}: {answer} = {answer} {{ {fields} }};\n");
    }
    let names = answers.iter().enumerate();
    let names = names.map(|(number, (name, _))| format!("({name:?}, &ANSWER_{number})"));
    let names = names.collect::<Vec<_>>().join(", ");
    main + &format!("fn main() -> std::process::ExitCode {{ shmkv_grader::run(&[{names}]) }}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_files_and_variables_are_named() {
        let own = "a.d: my\\ file.rs\n\nliba.rlib: my\\ file.rs\n\nmy\\ file.rs:\n";
        let file = Path::new("my file.rs");
        assert_eq!(foreign(own, file), None);
        let included = format!("{own}../solution.rs:\n");
        assert_eq!(foreign(&included, file), Some("../solution.rs".into()));
        let variable = format!("{own}\n# env-dep:TOKEN=secret\n");
        assert_eq!(foreign(&variable, file), Some("the environment's TOKEN".into()));
    }
}
