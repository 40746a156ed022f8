//! Runs the compiler within limits, whatever it is to compile.
//!
//! Idea: constants can compute for ever, macros grow without end, and what a file
//! includes may be a pipe that nobody writes to. So a shell limits processor time,
//! memory and the size of files, and becomes the compiler; and all together may
//! take so much time, which only who sleeps uses up: that a machine is busy is no
//! fault of the file's.
//! Source: setrlimit(2), sh(1).

use std::fs::{self, File};
use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// Seconds of processor time; an answer takes less than one.
pub const CPU_S: u64 = 6;

/// The most address space, in KiB; an answer takes an eighth of it.
const MEMORY_KIB: u64 = 4 << 20;

/// The most bytes of one file, in blocks of 512; a checker has some 30 MB.
const FILE_BLOCKS: u64 = 1 << 20;

/// Seconds altogether, for one that waits.
pub const WALL_S: u64 = 100;

/// How often to look whether it has ended: seldom beside what it takes.
const POLL: Duration = Duration::from_millis(2);

/// How a compiler's run ended.
pub struct Ran {
    /// Its status; `None` where it had not ended within the limits.
    pub status: Option<ExitStatus>,
    /// What it said.
    pub said: String,
}

/// Runs `compiler`; keeps what it says in the file `log` in the meantime.
///
/// # Errors
/// It could not be started, or the file not be written.
pub fn run(compiler: &Command, log: &Path) -> io::Result<Ran> {
    let file = File::create(log)?;
    let mut shell = Command::new("/bin/sh");
    let limits = format!(
        "ulimit -c 0; ulimit -f {FILE_BLOCKS}; ulimit -v {MEMORY_KIB}; ulimit -S -t {CPU_S}; \
         exec \"$@\""
    );
    shell.args(["-c", &limits, "sh"]).arg(compiler.get_program()).args(compiler.get_args());
    if let Some(folder) = compiler.get_current_dir() {
        shell.current_dir(folder);
    }
    shell.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
    let status = wait(shell.spawn()?)?;
    let said = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    let out_of_time = |status: &ExitStatus| status.signal() == Some(Signal::SIGXCPU as i32);
    Ok(Ran { status: status.filter(|status| !out_of_time(status)), said })
}

/// Waits for a child that leads a group; kills the group when time is up.
fn wait(mut child: Child) -> io::Result<Option<ExitStatus>> {
    let end = Instant::now() + Duration::from_secs(WALL_S);
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        sleep(POLL);
    }
    // It may have ended in this moment.
    let _ = killpg(Pid::from_raw(child.id().cast_signed()), Signal::SIGKILL);
    child.wait()?;
    Ok(None)
}
