//! What the simulator needs of the machine, and what it leaves behind: nothing.

use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Output};
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use shmkv_harness::Scenario;
use shmkv_harness::sim::{Search, SimError, explore, explore_with, supported};

use crate::children::{command, counters, program, start};
use crate::common::HANG;
use crate::denied::deny_seccomp;

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Else this test would have been ignored.
pub fn it_is_supported_here() {
    assert!(supported().is_ok());
    let output = command("ask").output().expect("a child");
    assert_eq!(text(&output), "possible\npossible\n");
}

/// One clear sentence, and nothing is left waiting.
pub fn denied_seccomp_is_told_in_a_sentence() {
    for errno in [Errno::EPERM, Errno::EACCES, Errno::ENOSYS] {
        let output = deny_seccomp(&mut command("ask"), errno as i32).output().expect("a child");
        let sentence = format!("simulation is not possible here: seccomp is denied: {errno}\n");
        assert_eq!(text(&output), sentence.repeat(2), "{output:?}");
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}

/// This program's own tests where simulations are not possible: ignored with the
/// reason; under CI, where nothing may be lacking, failed.
pub fn tests_are_ignored_where_it_is_not_supported() {
    let run = |prepare: fn(&mut Command)| {
        let mut child = program();
        child.args(["--exact", "it_is_supported_here"]).env_remove("CI");
        prepare(&mut child);
        deny_seccomp(&mut child, libc::EPERM).output().expect("a child")
    };
    let output = run(|_| ());
    let told = text(&output);
    assert!(output.status.success() && told.contains("1 ignored"), "{output:?}");
    assert!(told.contains("seccomp is denied: EPERM"), "{told}");
    let output = run(|child| _ = child.env("CI", "true"));
    let told = text(&output);
    assert!(!output.status.success() && told.contains("1 failed"), "{output:?}");
    assert!(told.contains("seccomp is denied: EPERM"), "{told}");
}

pub fn what_bodies_print_is_not_shown() {
    let output = command("print").output().expect("a child");
    assert_eq!(text(&output), "from the program\n");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// Kills a child. Its orphans become this process's, and must all end.
fn end(child: &mut Child) {
    child.kill().expect("a child");
    child.wait().expect("a child that has ended");
    let end = Instant::now() + HANG;
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            Err(Errno::ECHILD) => return,
            Ok(WaitStatus::StillAlive) => {
                assert!(Instant::now() < end, "a process is left behind");
                std::thread::yield_now();
            }
            other => _ = other.expect("a child that has ended"),
        }
    }
}

/// Killed in the middle of a search, and at whatever moment of its start: the
/// processes that it forked end with it, and their memory has no name.
pub fn nothing_outlives_a_killed_search() {
    prctl::set_child_subreaper(true).expect("orphans become ours");
    let mut child = start("search");
    end(&mut child);
    for round in 0..20u32 {
        let mut child = command("search").spawn().expect("a child");
        let moment = Instant::now() + Duration::from_micros(u64::from(round) * 1000);
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        end(&mut child);
    }
    prctl::set_child_subreaper(false).expect("as it was");
}

/// As many descriptors and mappings as before, however a search ends.
pub fn nothing_is_left_in_the_program_itself() {
    let count = || {
        let entries = std::fs::read_dir("/proc/self/fd").expect("descriptors").count();
        let maps = std::fs::read_to_string("/proc/self/maps").expect("mappings");
        (entries, maps.lines().filter(|line| line.contains("memfd:")).count())
    };
    let before = count();
    explore(&counters(2, 2), &Search::unbounded()).expect("a search");
    let refused = Scenario::new("refused", |_: &AtomicU8| {})
        .process("p", |_| _ = std::thread::spawn(|| {}).join());
    assert!(matches!(explore(&refused, &Search::unbounded()), Err(SimError::Refused { .. })));
    assert_eq!(count(), before);
}

/// The helper is killed from outside: an error, and nothing is left (the runner
/// of these tests looks).
pub fn killed_helper_is_an_error() {
    let children = || std::fs::read_to_string("/proc/thread-self/children").expect("children");
    let outcome = explore_with(&counters(4, 100), &Search::unbounded(), |schedules, _| {
        if schedules == 5 {
            let helper = children().trim().parse().expect("one child");
            kill(Pid::from_raw(helper), Signal::SIGKILL).expect("a child");
        }
    });
    assert!(matches!(outcome, Err(SimError::Lost)), "{outcome:?}");
}

/// Two programs search at the same time, and find what each would alone.
pub fn two_programs_search_at_once() {
    let alone = text(&command("count").output().expect("a child"));
    assert!(alone.starts_with("all schedules, in program order: "), "{alone}");
    let both = [command("count"), command("count")].map(|mut command| command.spawn());
    for child in both {
        let output = child.and_then(std::process::Child::wait_with_output).expect("a child");
        assert_eq!(text(&output), alone);
    }
}

/// As under stress; and nothing is left, as the runner of these tests sees to.
pub fn panic_in_setup_is_an_error() {
    let scenario =
        Scenario::new("setup", |_: &[AtomicU8; 1]| panic!("no state")).process("p", |_| {});
    let error = explore(&scenario, &Search::unbounded()).expect_err("no state").to_string();
    let sentence = "the setup of scenario setup panicked: no state, at ";
    assert!(error.starts_with(sentence) && error.contains("surroundings.rs:"), "{error}");
}

/// fork(2) copies one thread only.
pub fn several_threads_are_refused() {
    let (sender, receiver) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || receiver.recv());
    let error = explore(&counters(1, 1), &Search::unbounded()).expect_err("two threads");
    drop(sender);
    let _ = thread.join();
    assert!(matches!(error, SimError::Threads { threads: 2 }), "{error}");
    assert!(error.to_string().contains("`harness = false`"), "{error}");
    // A thread is gone from the list a little after it was joined.
    let end = Instant::now() + HANG;
    while matches!(supported(), Err(SimError::Threads { .. })) {
        assert!(Instant::now() < end, "the thread is still there");
        std::thread::yield_now();
    }
}

pub fn setup_is_run_once_and_its_state_kept() {
    let scenario = Scenario::new("setup", |bytes: &[AtomicU8; 3]| bytes[2].store(7, Relaxed))
        .processes(2, "p", |_, bytes| bytes[2].fetch_add(1, Relaxed))
        .invariant("each starts from it", |end| match end.shared[2].load(Relaxed) {
            9 => Ok(()),
            n => Err(n.to_string()),
        });
    let report = explore(&scenario, &Search::unbounded()).expect("a search");
    assert!(report.verdict.held(), "{}", report.verdict);
}

/// A body that looks for the shared state elsewhere finds no descriptor of it.
pub fn processes_have_no_descriptor_of_the_shared_state() {
    let scenario = Scenario::<AtomicU8>::new("looks for descriptors", |_| {})
        .process("curious", |_| {
            let links =
                (3..64).filter_map(|fd| std::fs::read_link(format!("/proc/self/fd/{fd}")).ok());
            links.filter(|link| link.to_string_lossy().contains("memfd")).count() as u64
        })
        .outcome(|end| end.returned(0).unwrap_or_default().to_owned());
    let report = explore(&scenario, &Search::unbounded()).expect("it runs");
    assert_eq!(report.outcomes[0].outcome, "0");
}

/// What changes the shared state in no step is found after the execution.
pub fn change_that_is_no_step_is_refused() {
    let scenario = Scenario::<[AtomicU8; 8]>::new("writes behind the simulator's back", |_| {})
        .process("honest", |bytes| bytes[0].store(1, Relaxed))
        .process("sly", |_| {
            let maps = std::fs::read_to_string("/proc/self/maps").expect("maps");
            let shared = maps.lines().filter(|line| line.contains("memfd:shmkv-harness"));
            let ranges = shared.filter_map(|line| line.split(' ').next()?.split_once('-'));
            let number = |text| u64::from_str_radix(text, 16).expect("an address");
            let mut ranges = ranges.map(|(start, end)| (number(start), number(end)));
            // The alias of the state is the one that is a page long.
            let (alias, _) = ranges.find(|(start, end)| end - start == 4096).expect("the alias");
            let memory = std::fs::File::options().write(true).open("/proc/self/mem");
            memory.and_then(|memory| memory.write_all_at(&[7], alias + 3)).expect("written");
        });
    let error = explore(&scenario, &Search::unbounded()).expect_err("a change that is no step");
    assert_eq!(
        error.to_string(),
        "a process: the shared state was changed other than by access to it: byte 3 is 7, and \
         its last access left 0"
    );
}

/// Where a scenario gives up rights, its bodies have none of them, and each execution
/// begins without.
pub fn confinement_is_made_before_the_first_body() {
    const NAME: &str = "/proc/self/comm";
    let scenario = Scenario::<AtomicU8>::new("confined", |_| {})
        .confined(|| std::fs::write(NAME, "confined").map_err(|error| error.to_string()))
        .processes(2, "named", |_, _| std::fs::read_to_string(NAME).expect("a name"))
        .outcome(|end| end.returned(1).unwrap_or_default().trim().to_owned());
    let report = explore(&scenario, &Search::unbounded()).expect("it runs");
    assert_eq!(report.outcomes[0].outcome, "confined");

    let denied = Scenario::<AtomicU8>::new("not confined", |_| {})
        .confined(|| Err("not on this machine".into()))
        .process("must not run", |byte| byte.store(1, Relaxed));
    let error = explore(&denied, &Search::unbounded()).expect_err("no body runs");
    assert_eq!(error.to_string(), "simulation is not possible here: not on this machine");
}
