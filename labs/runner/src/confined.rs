//! `labs` as a compiler: gives up what a compiler does not need, and becomes it.
//!
//! Idea: constants can compute for ever, macros grow without end, and what a file
//! includes may be a device that never says anything. So the runner starts itself
//! once more; that process limits its time, its memory and the size of its files,
//! shuts all files but those that compiling takes, and runs `rustc` in its own
//! place. It ends with the runner.
//! Source: setrlimit(2), landlock(7), prctl(2).
//! Limits: without Landlock files are not shut; a compiler that waits for one is
//! noticed (`bounded`).

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use landlock::{
    ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetCreatedAttr, path_beneath_rules,
};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::getppid;

/// The first argument of a runner that is to become a compiler.
const ENTRY: &str = "--become-compiler";

/// Stands between what may be read and the compiler's own arguments.
const END: &str = "--";

/// Seconds of processor time; an answer takes less than one.
pub const CPU_S: u64 = 6;

/// The most address space, in bytes; an answer takes an eighth of it.
const MEMORY: u64 = 4 << 30;

/// The most bytes of one file; a checker has some 30 MB.
const FILE: u64 = 512 << 20;

/// The status where it could not become a compiler.
const FAILED: u8 = 126;

/// What compilers and linkers consist of, and what they are started with.
const TOOLS: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/opt",
    "/nix/store",
    "/gnu/store",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
];

/// The only environment variables that a compiler gets: where tools are.
const KEPT: &[&str] = &["PATH", "LD_LIBRARY_PATH", "NIX_LDFLAGS", "NIX_CC"];

/// A compiler that may read `reads`, and write below `folder`.
///
/// `runner` is the program `labs`.
pub fn command(runner: &Path, folder: &Path, reads: &[&Path], compiler: &Command) -> Command {
    let mut command = Command::new(runner);
    command.env_clear();
    command.envs(KEPT.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.env("TMPDIR", folder);
    command.arg(ENTRY).arg(std::process::id().to_string()).arg(folder).args(reads).arg(END);
    command.arg(compiler.get_program()).args(compiler.get_args());
    if let Some(place) = compiler.get_current_dir() {
        command.current_dir(place);
    }
    command
}

/// Becomes a compiler where this process was started for that. Returns where it was
/// not, or where it could not.
pub fn serve() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != ENTRY {
        return None;
    }
    let Err(error) = become_compiler(arguments);
    eprintln!("the compiler could not be started: {error}");
    Some(ExitCode::from(FAILED))
}

fn become_compiler(
    mut arguments: impl Iterator<Item = OsString>,
) -> io::Result<std::convert::Infallible> {
    let mut next = || arguments.next().ok_or(io::ErrorKind::InvalidInput);
    let runner = next()?;
    let folder = PathBuf::from(next()?);
    let mut reads = Vec::new();
    let compiler = loop {
        match next()? {
            end if end == END => break next()?,
            path => reads.push(PathBuf::from(path)),
        }
    };
    set_pdeathsig(Signal::SIGKILL)?;
    if runner.to_str() != Some(&getppid().to_string()) {
        return Err(io::Error::other("the runner is gone"));
    }
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    setrlimit(Resource::RLIMIT_CPU, CPU_S, CPU_S + 1)?;
    setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY)?;
    setrlimit(Resource::RLIMIT_FSIZE, FILE, FILE)?;
    shut_files(&folder, &reads).map_err(io::Error::other)?;
    Err(Command::new(compiler).args(arguments).exec())
}

/// Where the kernel has no Landlock, this changes nothing.
fn shut_files(folder: &Path, reads: &[PathBuf]) -> Result<(), landlock::RulesetError> {
    let (reading, all) = (AccessFs::from_read(ABI::V5), AccessFs::from_all(ABI::V5));
    let tools = TOOLS.iter().map(Path::new).chain(reads.iter().map(PathBuf::as_path));
    Ruleset::default()
        .handle_access(all)?
        .create()?
        .add_rules(path_beneath_rules(tools, reading))?
        .add_rules(path_beneath_rules([folder, Path::new("/dev/null")], all))?
        .restrict_self()?;
    Ok(())
}
