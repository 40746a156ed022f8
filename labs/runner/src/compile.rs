//! From a learner's file to a program that checks it.
//!
//! Idea: the libraries were built by Cargo, together with this runner; what is
//! left is one small crate and one link, for which `rustc` alone is enough and
//! takes a second. It reads nothing but the file, the libraries and itself
//! (`confined`). What goes wrong without a place in the file is tried on the file that
//! was handed out: where that fails, too, it is the machine's fault. The file is a crate of its own: it sees what is given and
//! nothing of the checker, may hold no unsafe code and take in no other file, and
//! its compiler errors are the compiler's own.
//! Limits: the compiler must be the one that built the libraries; where it is
//! not, it says so. Where the compiler takes unsound code for safe, such code can
//! do to its process what it likes.

mod batch;

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use nix::sys::statvfs::statvfs;
use serde::Deserialize;
use shmkv_grader::catalogue::Exercise;

pub use batch::{Batch, batch};

use crate::bounded::{self, Ended};
use crate::confined;
use crate::diagnostics::Diagnostics;
use crate::places::{Places, shortest};
use crate::workshop::Folder;

/// The most bytes of an answer; those that are handed out have a few thousand.
pub const LONGEST: u64 = 256 << 10;

/// The most bytes that a checker takes on its disk, with what the compiler needs.
const ROOM: u64 = 96 << 20;

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
    /// The file is none that can be compiled.
    #[error("the file {what}: an answer is a file of at most {} KiB", LONGEST >> 10)]
    NoFile {
        /// What it is.
        what: String,
    },
    /// The compiler would not have ended.
    #[error("the compiler had not ended after {} s of processor time", confined::CPU_S)]
    Endless,
    /// The compiler waited for something that never came.
    #[error(
        "the compiler waited {} s for something; an answer takes in no pipe and no device",
        bounded::IDLE.as_secs()
    )]
    Waits,
    /// It could not be compiled, for no fault of its own.
    #[error("{why}")]
    Machine {
        /// What is in the way.
        why: String,
    },
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
    /// The program that becomes a compiler.
    labs: PathBuf,
    rustc: PathBuf,
    /// The files as they were handed out.
    handed_out: Places,
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
    executable: Option<PathBuf>,
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
        let artifacts = || messages.lines().filter_map(|line| serde_json::from_str(line).ok());
        let none = |what: &str| CompileError::Libraries { said: format!("{said}no {what}") };
        let library = |name: &str| library_of(artifacts(), name).ok_or_else(|| none(name));
        let labs = artifacts().find_map(|artifact: Artifact| {
            artifact.target.filter(|target| target.name == "labs").and(artifact.executable)
        });
        Ok(Self {
            shmkv: library("shmkv")?,
            grader: library("shmkv_grader")?,
            labs: labs.ok_or_else(|| none("labs"))?,
            rustc: rustc()?,
            handed_out: places.with_root(&places.workspace),
            base: places.root.clone(),
            colour: false,
        })
    }

    /// The folder that holds the compiler.
    fn sysroot(&self) -> &Path {
        self.rustc.ancestors().nth(2).unwrap_or(Path::new("/"))
    }

    /// The folder that holds all libraries.
    fn folder(&self) -> &Path {
        self.grader.parent().unwrap_or(Path::new("."))
    }

    /// Where the files are as they were handed out.
    pub fn handed_out(&self) -> &Places {
        &self.handed_out
    }

    /// A new folder for what is made on the way.
    ///
    /// # Errors
    /// [`CompileError::Io`].
    pub fn new_folder(&self) -> Result<Folder, CompileError> {
        let place = self.folder().with_file_name("labs-checkers");
        let what = || format!("making a folder in {}", place.display());
        Folder::new_in(&place).map_err(|source| CompileError::Io { what: what(), source })
    }

    /// `rustc` with what all its uses here have in common.
    fn rustc(&self) -> Command {
        let mut rustc = Command::new(&self.rustc);
        rustc.current_dir(&self.base);
        rustc.args(["--edition", "2024", "-C", "debuginfo=line-tables-only"]);
        rustc.arg("--error-format=json");
        if self.colour {
            rustc.arg("--json=diagnostic-rendered-ansi");
        }
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

/// The compiler itself: what is first on the path may be a program that looks which
/// one is to be run, and reads files for that.
fn rustc() -> Result<PathBuf, CompileError> {
    let given = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut ask = Command::new(&given);
    let asked = ask.args(["--print", "sysroot"]).stdin(Stdio::null()).output();
    let asked = asked.map_err(io_error("running rustc"))?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    let real = sysroot.join("bin/rustc");
    match asked.status.success() && real.is_file() {
        true => Ok(real),
        false => Err(CompileError::Machine { why: format!("there is no {}", real.display()) }),
    }
}

/// A program that checks some answers to one exercise. Its folder is removed
/// when it is dropped.
#[derive(Debug)]
pub struct Checker {
    folder: Folder,
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
    let folder = libraries.new_folder()?;
    match build(libraries, folder, exercise, answers) {
        Ok(checker) => Ok(checker),
        Err(Failed::For(error)) => Err(error),
        Err(Failed::Unexplained(error)) => Err(explain(libraries, exercise, error)),
    }
}

/// Why nothing was built.
enum Failed {
    /// For this.
    For(CompileError),
    /// As this says, and without a place in the file, so that it may be the machine.
    Unexplained(CompileError),
}

impl From<CompileError> for Failed {
    fn from(error: CompileError) -> Self {
        Self::For(error)
    }
}

fn build(
    libraries: &Libraries,
    folder: Folder,
    exercise: &Exercise,
    answers: &[Answer<'_>],
) -> Result<Checker, Failed> {
    let checker = Checker { folder };
    for (number, (_, file)) in answers.iter().enumerate() {
        compile_answer(libraries, &checker, number, file)?;
    }
    let crates: Vec<String> = (0..answers.len()).map(crate_name).collect();
    let named = answers.iter().zip(&crates).map(|((name, _), path)| (*name, path.clone()));
    link(libraries, &checker, exercise, &named.collect::<Vec<_>>(), &crates)?;
    Ok(checker)
}

/// Finds out whether `error` is the file's fault or the machine's.
fn explain(libraries: &Libraries, exercise: &Exercise, error: CompileError) -> CompileError {
    let machine = |why| CompileError::Machine { why };
    let folder = match libraries.new_folder() {
        Ok(folder) => folder,
        Err(error) => return machine(error.to_string()),
    };
    if let Ok(disk) = statvfs(folder.path()) {
        let free = disk.blocks_available() * disk.fragment_size();
        if free < ROOM {
            let place = folder.path().parent().unwrap_or(folder.path()).display().to_string();
            return machine(format!(
                "{place} has {} MiB left on its disk; compiling an answer takes up to {}",
                free >> 20,
                ROOM >> 20
            ));
        }
    }
    let control = libraries.handed_out.starter(exercise);
    let answers = [("control", control.as_path())];
    match build(libraries, folder, exercise, &answers) {
        Ok(_) => error,
        Err(Failed::For(CompileError::Machine { why })) => machine(why),
        Err(Failed::For(control) | Failed::Unexplained(control)) => {
            let said = control.to_string();
            let line = said.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
            machine(format!("the file that was handed out does not compile here either: {line}"))
        }
    }
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
) -> Result<(), Failed> {
    let file = libraries.base.join(file);
    if let Some(what) = unusual(&file).map_err(io_error("looking at an answer"))? {
        return Err(CompileError::NoFile { what }.into());
    }
    let mut rustc = libraries.rustc();
    rustc.args(["--crate-type", "rlib", "--forbid", "unsafe-code", "--crate-name"]);
    let name = crate_name(number);
    rustc.arg(&name).arg("--out-dir").arg(checker.folder.path());
    let taken_in = checker.folder.path().join(name).with_extension("d");
    rustc.arg(joined("--emit=link,dep-info=", &taken_in));
    // As the compiler shows it.
    let shown = shortest(&file, &libraries.base);
    rustc.arg(&shown);
    let reads = [libraries.folder(), libraries.sysroot(), &file];
    finish(libraries, &rustc, checker, &reads, |diagnostics| CompileError::Refused {
        diagnostics,
    })?;
    let listed = fs::read_to_string(taken_in).map_err(io_error("reading what rustc has read"))?;
    match foreign(&listed, &shown) {
        None => Ok(()),
        Some(what) => Err(CompileError::NotAlone { what }.into()),
    }
}

/// What `file` is, where it is no answer that can be compiled.
///
/// # Errors
/// It could not be looked at.
pub fn unusual(file: &Path) -> io::Result<Option<String>> {
    let data = fs::metadata(file)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    Ok(match data.len() {
        _ if data.is_dir() => Some(format!("{name} is a folder")),
        _ if !data.is_file() => Some(format!("{name} is a pipe, a socket or a device")),
        long if long > LONGEST => Some(format!("{name} has {} KiB", long.div_ceil(1 << 10))),
        _ => None,
    })
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

/// Links the checker of answers, each with its name and its path, that are in `crates`.
fn link(
    libraries: &Libraries,
    checker: &Checker,
    exercise: &Exercise,
    answers: &[(&str, String)],
    crates: &[String],
) -> Result<(), Failed> {
    let main = checker.folder.path().join("main.rs");
    fs::write(&main, main_of(exercise, answers)).map_err(io_error("writing the checker"))?;
    let mut rustc = libraries.rustc();
    rustc.args(["--crate-name", "checker", "-o"]).arg(checker.program());
    for name in crates {
        let library = checker.folder.path().join(format!("lib{name}.rlib"));
        rustc.arg("--extern").arg(joined(&format!("{name}="), &library));
    }
    let reads = [libraries.folder(), libraries.sysroot()];
    let unfit = |diagnostics| CompileError::Unfit { diagnostics };
    finish(libraries, rustc.arg(&main), checker, &reads, unfit)
}

/// Runs a compiler to its end; `refused` makes an error of what it says.
fn finish(
    libraries: &Libraries,
    rustc: &Command,
    checker: &Checker,
    reads: &[&Path],
    refused: fn(String) -> CompileError,
) -> Result<(), Failed> {
    match compile(libraries, rustc, checker, reads)? {
        None => Ok(()),
        Some(said) if said.has_place => Err(refused(said.text).into()),
        Some(said) => Err(Failed::Unexplained(refused(said.text))),
    }
}

/// Runs a compiler to its end; returns what it says where it refuses.
fn compile(
    libraries: &Libraries,
    rustc: &Command,
    checker: &Checker,
    reads: &[&Path],
) -> Result<Option<Diagnostics>, CompileError> {
    let folder = checker.folder.path();
    let mut compiler = confined::command(&libraries.labs, folder, reads, rustc);
    let ran = bounded::run(&mut compiler, &folder.join("rustc.log"));
    let ran = ran.map_err(io_error("running rustc"))?;
    let machine = |why| Err(CompileError::Machine { why });
    match ran.ended {
        Ended::Exited(status) if status.success() => Ok(None),
        Ended::Exited(status) if status.signal().is_some_and(is_from_outside) => {
            machine(format!("the compiler was ended from outside ({status})"))
        }
        Ended::Exited(_) => Ok(Some(Diagnostics::parse(&ran.said))),
        Ended::OutOfTime => Err(CompileError::Endless),
        Ended::Waited => Err(CompileError::Waits),
        Ended::Unserved(used) => machine(format!(
            "after {} s the compiler had got {:.1} s of processor time; the machine is busy",
            bounded::PATIENCE.as_secs(),
            used.as_secs_f64()
        )),
    }
}

/// Whether a program does not bring this signal upon itself.
fn is_from_outside(signal: i32) -> bool {
    [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT]
        .into_iter()
        .any(|outside| outside as i32 == signal)
}

/// The source of a checker. Answers are made in constants: whatever a learner's
/// file calls an item, none of its code runs in the checker.
fn main_of(exercise: &Exercise, answers: &[(&str, String)]) -> String {
    let answer = format!("shmkv_grader::{}::Answer", exercise.module);
    let mut main = String::new();
    for (number, (_, path)) in answers.iter().enumerate() {
        let fields = exercise.items.iter();
        let fields = fields.map(|item| format!("{}: {path}::{item}", item.to_lowercase()));
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
