//! What a learner's code may do, and what it may not.
//!
//! Idea: it may compute, touch the shared state, wait, panic and print. For all
//! else there is no way: no file, directory or name in `/dev/shm` can be opened,
//! made, changed or removed, `/proc` included, no process or program started, no
//! other process signalled, no socket made. Each process that runs a learner's
//! code, or forks those that do, gives these up for good ([`confine`]).
//!
//! | layer | where | what it says |
//! |---|---|---|
//! | descriptors | everywhere | only 0, 1 and 2 are open: `/dev/null`, and where printing goes |
//! | system calls ([`calls`]) | everywhere; without it nothing is checked | a list of what is allowed; the process ends at any other call |
//! | Landlock | Linux 5.13 on, where it is enabled | no path, port, abstract socket or foreign process |
//! | namespaces | as root, or where users may make namespaces | an empty `/dev/shm` and no System V objects of others |
//!
//! The list of system calls alone gives the whole guarantee; the two layers behind
//! it stand alone for files, should the list have a hole. Docker's standard
//! profile leaves out the last one.
//!
//! The simulator's processes also hold the simulator's own memory. Safe Rust, which
//! is all that compiles, reaches that through files only; and the simulator sees
//! for itself that the shared state was changed by steps and nothing else.
//!
//! What it can still tell: under the simulator clocks stand still, process IDs begin
//! at 1001, and statics are as new in each execution. Nothing that it does with
//! that knowledge changes the shared state unseen.
//! Source: seccomp(2), landlock(7), mount_namespaces(7), setrlimit(2).

mod calls;

use std::fs::File;
use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use landlock::{
    ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, RulesetStatus, Scope,
};
use nix::errno::Errno;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{close, getgid, getppid, getuid};
use seccompiler::BpfProgram;

/// The most address space of a process, in bytes: the simulator's log takes 20
/// MB, and the program with what describes it some 50 MB more.
const ADDRESS_SPACE: u64 = 1 << 30;

/// The most bytes in one file; the simulator's log is one.
const FILE_SIZE: u64 = 64 << 20;

/// Seconds of processor time of one simulated process; it needs milliseconds.
const SIMULATED_CPU_S: u64 = 2;

/// What ends a simulated process that has used them up.
pub(super) const OUT_OF_TIME: &str = "SIGXCPU";

/// What ends a process at a call that is not on the list.
pub(super) const FORBIDDEN: &str = "SIGSYS";

/// In which part of a check bodies run; processes inherit it.
static PART: AtomicU8 = AtomicU8::new(STRESS);
const STRESS: u8 = 0;
const SIMULATION: u8 = 1;

/// What is compiled once, before processes are forked.
struct Programs {
    stress: BpfProgram,
    simulation: BpfProgram,
    questions: BpfProgram,
}

static PROGRAMS: OnceLock<Programs> = OnceLock::new();

/// Gives up what the checker and its processes never need, and ties the checker to
/// the runner: it ends when that does.
///
/// # Errors
/// A sentence: the checker must not go on.
pub(super) fn enter() -> Result<(), String> {
    let runner = getppid();
    // Where namespaces are not allowed, the other layers have to do. Before the tie,
    // which a change of rights undoes.
    let _ = leave_the_others();
    set_pdeathsig(Signal::SIGKILL).map_err(|error| failed("prctl", error))?;
    if getppid() != runner {
        return Err("the runner is gone".into());
    }
    let limit =
        |resource, most| setrlimit(resource, most, most).map_err(|e| failed("setrlimit", e));
    limit(Resource::RLIMIT_CORE, 0)?;
    limit(Resource::RLIMIT_FSIZE, FILE_SIZE)?;
    limit(Resource::RLIMIT_AS, ADDRESS_SPACE)?;
    close_what_was_inherited().map_err(|error| failed("close", error))?;
    let programs = Programs {
        stress: calls::allowed(calls::Part::Stress)?,
        simulation: calls::allowed(calls::Part::Simulation)?,
        questions: calls::unanswered()?,
    };
    PROGRAMS.get_or_init(|| programs);
    Ok(())
}

/// Says that the processes started from here on are those of stress.
pub(super) fn for_stress() {
    PART.store(STRESS, Relaxed);
}

/// Says that the processes started from here on are those of the simulator.
pub(super) fn for_simulation() {
    PART.store(SIMULATION, Relaxed);
}

/// Confines this process, and all that it will fork, to what a learner's code may do.
///
/// # Errors
/// A sentence: the learner's code must not run then.
pub(crate) fn confine() -> Result<(), String> {
    let Programs { stress, simulation, questions } =
        PROGRAMS.get().ok_or("the checker itself is not confined")?;
    if PART.load(Relaxed) == SIMULATION {
        shut_files()?;
        calls::install(questions)?;
        return calls::install(simulation);
    }
    // Standard input is the socket to the runner; the simulator has closed it.
    File::open("/dev/null")
        .and_then(|null| nix::unistd::dup2_stdin(null).map_err(io::Error::from))
        .map_err(|error| failed("dup2", error))?;
    shut_files()?;
    calls::install(questions)?;
    calls::install(&calls::signals_to(std::process::id())?)?;
    calls::install(stress)
}

/// Limits the processor time of a simulated process. Under stress the round's
/// deadline does.
///
/// # Panics
/// Where it cannot be done: the learner's code must not run then.
pub(crate) fn limit_time() {
    if PART.load(Relaxed) == SIMULATION {
        let (soft, hard) = (SIMULATED_CPU_S, SIMULATED_CPU_S + 1);
        let done = setrlimit(Resource::RLIMIT_CPU, soft, hard);
        done.expect("a limit that is lower than the one before");
    }
}

/// The runner may have been started with descriptors of others, such as those of
/// make(1), and they would be handed on.
fn close_what_was_inherited() -> io::Result<()> {
    let numbers =
        |entry: io::Result<std::fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
    let open: Vec<i32> = std::fs::read_dir("/proc/self/fd")?.filter_map(numbers).collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The one that listed them is closed already.
        let _ = close(descriptor);
    }
    Ok(())
}

/// Makes `/dev/shm` an empty one of this process's own, and System V objects, too.
fn leave_the_others() -> Result<(), Errno> {
    let (user, group) = (getuid(), getgid());
    let spaces = CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWIPC;
    if unshare(spaces).is_err() {
        unshare(spaces | CloneFlags::CLONE_NEWUSER)?;
        let write = |file: &str, text: String| {
            std::fs::write(format!("/proc/self/{file}"), text).map_err(|_| Errno::EPERM)
        };
        write("setgroups", "deny".into())?;
        write("uid_map", format!("{user} {user} 1"))?;
        write("gid_map", format!("{group} {group} 1"))?;
    }
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("tmpfs"), "/dev/shm", Some("tmpfs"), flags, Some("size=1m"))
}

/// Whether Landlock governs it: no path, port, socket or process of others from here on.
fn shut_files() -> Result<bool, String> {
    let restrict = || {
        let nothing = Ruleset::default()
            .handle_access(AccessFs::from_all(ABI::V5))?
            .handle_access(AccessNet::from_all(ABI::V4))?
            .scope(Scope::from_all(ABI::V6))?;
        nothing.create()?.restrict_self()
    };
    let status = restrict().map_err(|error: RulesetError| failed("landlock", error))?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}

fn failed(call: &str, error: impl std::fmt::Display) -> String {
    format!("{call} failed: {error}")
}

/// Each layer alone, in a child that is this test program again: what it gives up,
/// it gives up for good.
#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::fs;
    use std::net::TcpListener;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Output};
    use std::time::{Duration, Instant};

    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    use nix::unistd::geteuid;

    use super::*;

    /// What a child is to do: a layer and an attempt.
    const ORDER: &str = "SHMKV_CONFINE_ORDER";
    const DONE: &str = "it was done";

    /// The file of somebody else's that each attempt is about.
    const VICTIM: &str = "SHMKV_CONFINE_VICTIM";

    fn child(layer: &str, attempt: &str, victim: &str) -> Output {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args(["--exact", "check::confine::tests::in_a_child", "--nocapture"]);
        command.env(ORDER, format!("{layer} {attempt}")).env(VICTIM, victim);
        // To print a backtrace, files are read.
        command.env_remove("RUST_BACKTRACE");
        command.output().expect("a child")
    }

    fn said(output: &Output) -> String {
        String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
    }

    /// Does nothing where nothing is ordered. A filter is its thread's own.
    #[test]
    fn in_a_child() {
        let Ok(order) = std::env::var(ORDER) else { return };
        let (layer, attempt) = order.split_once(' ').expect("two words");
        let entered = match layer {
            "landlock" => shut_files().map(drop),
            "stress" => install(calls::Part::Stress),
            "simulation" => install(calls::Part::Simulation),
            "namespaces" => leave_the_others().map_err(|error| error.to_string()),
            "descriptors" => close_what_was_inherited().map_err(|error| error.to_string()),
            _ => Ok(()),
        };
        entered.expect("the layer");
        println!("{}", if attempted(attempt) { DONE } else { "it was refused" });
    }

    fn install(part: calls::Part) -> Result<(), String> {
        calls::install(&calls::unanswered()?)?;
        calls::install(&calls::signals_to(std::process::id())?)?;
        calls::install(&calls::allowed(part)?)
    }

    fn victim() -> String {
        std::env::var(VICTIM).expect("a file")
    }

    fn attempted(attempt: &str) -> bool {
        let name = || SocketAddr::from_abstract_name(victim()).expect("a name");
        match attempt {
            "read" => fs::read(victim()).is_ok(),
            "write" => fs::write(victim(), "gone").is_ok(),
            "remove" => fs::remove_file(victim()).is_ok(),
            "rename" => fs::rename(victim(), victim() + "-2").is_ok(),
            "make" => fs::write(victim() + "-new", "new").is_ok(),
            "folder" => fs::create_dir(victim() + "-folder").is_ok(),
            "link" => std::os::unix::fs::symlink("/", victim() + "-link").is_ok(),
            "memory" => fs::File::options().write(true).open("/proc/self/mem").is_ok(),
            "port" => TcpListener::bind("127.0.0.1:0").is_ok(),
            "listen" => UnixListener::bind_addr(&name()).is_ok(),
            "connect" => UnixStream::connect_addr(&name()).is_ok(),
            "pair" => UnixStream::pair().is_ok(),
            "program" => Command::new("/bin/true").status().is_ok(),
            "thread" => std::thread::Builder::new().spawn(|| ()).is_ok(),
            "descriptor" => numbers_of_descriptors().any(|number| number > 3),
            "ordinary" => ordinary(),
            other => panic!("there is no attempt {other}"),
        }
    }

    fn numbers_of_descriptors() -> impl Iterator<Item = u32> {
        let files = fs::read_dir("/proc/self/fd").expect("descriptors");
        files.flatten().filter_map(|file| file.file_name().to_str()?.parse().ok())
    }

    /// What answers do.
    fn ordinary() -> bool {
        let words: HashMap<u64, Vec<u8>> = (0..9).map(|i| (i, vec![1; 1 << 20])).collect();
        let before = Instant::now();
        std::thread::sleep(Duration::from_millis(1));
        std::thread::yield_now();
        let unwound = std::panic::catch_unwind(|| panic!("caught"));
        words.len() == 9 && unwound.is_err() && before.elapsed() >= Duration::from_millis(1)
    }

    /// A file that is removed whatever becomes of the test.
    struct Removed(String);

    impl Drop for Removed {
        fn drop(&mut self) {
            // An attempt that should have failed may have removed it.
            let _ = fs::remove_file(&self.0);
        }
    }

    /// Runs `attempts` behind `layer`, with a file that is not to be touched, and sees
    /// that it is not.
    fn with_victim(layer: &str, attempts: impl Fn(&str)) {
        let prefix = format!("shmkv-confine-{}-{layer}", std::process::id());
        let path = format!("/dev/shm/{prefix}");
        fs::write(&path, "others").expect("a file");
        let cleanup = Removed(path.clone());
        attempts(&path);
        let kept = fs::read_to_string(&path).ok();
        let names = fs::read_dir("/dev/shm").expect("a folder").flatten();
        let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let left: Vec<String> = names.filter(|name| name.starts_with(&prefix)).collect();
        drop(cleanup);
        assert_eq!((kept.as_deref(), left), (Some("others"), vec![prefix]));
    }

    const ON_FILES: &[&str] =
        &["read", "write", "remove", "rename", "make", "folder", "link", "memory"];
    const ON_OTHERS: &[&str] = &["port", "listen", "connect", "program", "thread"];

    /// The list alone, in both parts, ends a process at whatever is not on it.
    #[test]
    fn list_of_calls_alone_leaves_no_way_to_files_others_or_the_network() {
        for layer in ["stress", "simulation"] {
            with_victim(layer, |victim| {
                for attempt in ON_FILES.iter().chain(ON_OTHERS).chain(&["pair"]) {
                    let output = child(layer, attempt, victim);
                    let ended = output.status.signal();
                    assert_eq!(ended, Some(libc::SIGSYS), "{layer}, {attempt}: {}", said(&output));
                }
                let output = child(layer, "ordinary", victim);
                assert!(said(&output).contains(DONE), "{layer}: {}", said(&output));
            });
        }
    }

    #[test]
    fn landlock_alone_leaves_no_way_to_files_or_the_network() {
        if shut_files_in_a_thread() == Ok(false) {
            eprintln!("this kernel has no Landlock");
            return;
        }
        with_victim("landlock", |victim| {
            for attempt in ON_FILES.iter().filter(|attempt| **attempt != "memory") {
                let output = child("landlock", attempt, victim);
                assert!(said(&output).contains("it was refused"), "{attempt}: {}", said(&output));
            }
            let output = child("landlock", "ordinary", victim);
            assert!(said(&output).contains(DONE), "{}", said(&output));
        });
    }

    /// It cannot be taken back, so that a thread of its own has to try.
    fn shut_files_in_a_thread() -> Result<bool, String> {
        std::thread::spawn(shut_files).join().expect("a thread")
    }

    /// Root alone can do this in a program of several threads, such as a test.
    #[test]
    fn namespaces_alone_hide_the_names_of_others() {
        if !geteuid().is_root() || !said(&child("namespaces", "make", "/dev/shm/x")).contains(DONE)
        {
            eprintln!("namespaces are not allowed here");
            return;
        }
        with_victim("namespaces", |victim| {
            for attempt in ["read", "remove", "rename"] {
                let output = child("namespaces", attempt, victim);
                assert!(said(&output).contains("it was refused"), "{attempt}: {}", said(&output));
            }
            for attempt in ["write", "make", "folder", "link"] {
                let output = child("namespaces", attempt, victim);
                assert!(said(&output).contains(DONE), "{attempt}: {}", said(&output));
            }
        });
    }

    #[test]
    fn inherited_descriptors_are_closed() {
        let file = File::open("/dev/null").expect("a file");
        fcntl(&file, FcntlArg::F_SETFD(FdFlag::empty())).expect("it is handed on");
        let told = |layer| said(&child(layer, "descriptor", ""));
        assert!(told("none").contains(DONE), "{}", told("none"));
        assert!(!told("descriptors").contains(DONE), "{}", told("descriptors"));
    }
}
