//! Processes and segments that bodies leave behind.

use std::io::Write;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{ForkResult, fork};
use shmkv::{Segment, SegmentName};
use shmkv_harness::Verdict;

use super::*;
use crate::runner::Test;
use crate::tests;

pub const TESTS: &[Test] = tests![
    process_left_behind_is_found,
    orphan_left_behind_is_found,
    body_that_returns_twice_leaves_a_process,
    dead_child_is_no_leak,
    own_children_of_the_caller_are_left_alone,
    segment_left_behind_is_found_and_removed,
    segment_that_is_unlinked_is_no_leak,
    segment_that_was_there_before_is_left_alone,
    renamed_segment_is_found_under_its_new_name,
    named_semaphore_left_behind_is_found,
    segment_of_a_killed_process_is_removed_without_blame,
    segment_that_recovery_leaves_is_a_leak,
    failing_calls_keep_their_errors,
    executed_program_makes_files_as_ever,
    process_that_recovery_leaves_is_a_leak,
];

fn leak_of(body: impl Fn() + 'static) -> String {
    let scenario = counter("leak").process("careless", move |_| body());
    let report = run(&scenario, &rounds(3));
    let Verdict::Leaked { what } = report.verdict else { panic!("{report}") };
    assert_eq!(report.rounds, 1);
    what
}

fn sleeper() -> std::process::Child {
    std::process::Command::new("sleep").arg("600").spawn().expect("sleep")
}

fn process_left_behind_is_found() {
    let what = leak_of(|| drop(sleeper()));
    assert!(what.starts_with("process ") && what.ends_with(" of careless"), "{what}");
}

/// The body's child has a child of its own and exits: that one is nobody's.
fn orphan_left_behind_is_found() {
    let what = leak_of(|| {
        std::process::Command::new("sh").args(["-c", "sleep 600 &"]).status().expect("sh");
    });
    assert!(what.ends_with(" of careless"), "{what}");
}

fn body_that_returns_twice_leaves_a_process() {
    leak_of(|| {
        // SAFETY: workers have one thread.
        unsafe { fork() }.expect("a child");
    });
}

/// Not waited for, but dead: nothing runs on.
fn dead_child_is_no_leak() {
    let scenario = counter("zombie").process("worker", |_| {
        // SAFETY: workers have one thread.
        if let ForkResult::Child = unsafe { fork() }.expect("a child") {
            // SAFETY: ends the child at once.
            unsafe { libc::_exit(0) };
        }
        // Waits for its death without reaping it.
        waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).is_ok()
    });
    run(&scenario, &rounds(5)).assert_held();
}

fn own_children_of_the_caller_are_left_alone() {
    let mut child = sleeper();
    leak_of(|| drop(sleeper()));
    assert!(child.try_wait().expect("a child").is_none(), "it still runs");
    child.kill().expect("a child");
    child.wait().expect("a child");
}

/// A name that no other test or process uses.
fn unique_name() -> SegmentName {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Relaxed);
    SegmentName::new(format!("/shmkv-stress-{}-{count}", std::process::id())).expect("a name")
}

fn path_of(name: &SegmentName) -> String {
    format!("/dev/shm{}", name.as_str())
}

fn segment_left_behind_is_found_and_removed() {
    let name = unique_name();
    let (made, path) = (name.clone(), path_of(&name));
    let what = leak_of(move || drop(Segment::create(&made, 64).expect("a segment")));
    assert_eq!(what, format!("segment {}", name.as_str()));
    assert!(!std::fs::exists(path).expect("/dev/shm"), "it is removed");
}

fn segment_that_is_unlinked_is_no_leak() {
    let name = unique_name();
    let scenario = counter("tidy").process("worker", move |_| {
        Segment::create(&name, 64).expect("a segment");
        Segment::unlink(&name).expect("a segment");
    });
    let report = run(&scenario, &rounds(200));
    report.assert_held();
    assert!(report.names_checked);
}

fn segment_that_was_there_before_is_left_alone() {
    let name = unique_name();
    let path = path_of(&name);
    std::fs::write(&path, "ours").expect("/dev/shm");
    let opened = path.clone();
    let scenario = counter("visitor").process("worker", move |_| {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&opened);
        file.expect("it is there").write_all(b", and theirs").expect("it can be written");
    });
    run(&scenario, &rounds(1)).assert_held();
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "ours, and theirs");
    std::fs::remove_file(&path).expect("it is there");
}

fn renamed_segment_is_found_under_its_new_name() {
    let (old, new) = (unique_name(), unique_name());
    let (from, to) = (path_of(&old), path_of(&new));
    let what = leak_of(move || {
        std::fs::write(&from, "").expect("/dev/shm");
        std::fs::rename(&from, &to).expect("/dev/shm");
    });
    assert_eq!(what, format!("segment {}", new.as_str()));
}

/// glibc makes it under a temporary name, links it, and unlinks that.
fn named_semaphore_left_behind_is_found() {
    let name = unique_name();
    let made = std::ffi::CString::new(name.as_str()).expect("a name");
    let what = leak_of(move || {
        let (mode, value): (libc::mode_t, libc::c_uint) = (0o600, 1);
        // SAFETY: the name ends with NUL; mode and value are what O_CREAT asks for.
        let semaphore = unsafe { libc::sem_open(made.as_ptr(), libc::O_CREAT, mode, value) };
        assert_ne!(semaphore, libc::SEM_FAILED);
    });
    assert_eq!(what, format!("segment /sem.{}", &name.as_str()[1..]));
}

/// A process that makes a segment and stays; a kill finds it before or after.
fn owner_of_a_segment(name: &SegmentName) -> Scenario<AtomicU64> {
    let name = name.clone();
    counter("owner").process("victim", move |_| {
        drop(Segment::create(&name, 64));
        hang();
    })
}

fn segment_of_a_killed_process_is_removed_without_blame() {
    let name = unique_name();
    let report = run(&owner_of_a_segment(&name), &killing(30));
    report.assert_held();
    assert!(!std::fs::exists(path_of(&name)).expect("/dev/shm"), "it is removed");
}

fn segment_that_recovery_leaves_is_a_leak() {
    let name = unique_name();
    let made = name.clone();
    let scenario = victim_with_recovery(move |_| drop(Segment::create(&made, 64)));
    let what = format!("segment {}", name.as_str());
    assert_eq!(run(&scenario, &killing(3)).verdict, Verdict::Leaked { what });
}

fn failing_calls_keep_their_errors() {
    let scenario = counter("errors").process("worker", |_| {
        let error = |path: &str| std::fs::File::create(path).expect_err(path).raw_os_error();
        // SAFETY: the kernel checks the address, which is what is tried here.
        let nowhere = unsafe { libc::open(std::ptr::dangling(), libc::O_CREAT, 0o600) };
        let fault = std::io::Error::last_os_error().raw_os_error();
        format!("{:?} {:?} {nowhere} {fault:?}", error("/dev/shm"), error("/dev/shm/none/x"))
    });
    let report = run(&scenario, &rounds(2));
    let (directory, missing, fault) = (libc::EISDIR, libc::ENOENT, libc::EFAULT);
    let expected = format!("Some({directory}) Some({missing}) -1 Some({fault})");
    assert_eq!(report.outcomes[0].outcome, expected);
}

fn executed_program_makes_files_as_ever() {
    let path = path_of(&unique_name());
    let scenario = counter("program").process("worker", move |_| {
        let script = format!("echo made > {path} && rm {path}");
        std::process::Command::new("sh").args(["-c", &script]).status().is_ok_and(|it| it.success())
    });
    let report = run(&scenario, &rounds(3));
    assert_eq!(report.outcomes[0].outcome, "true", "{report}");
    report.assert_held();
}

fn process_that_recovery_leaves_is_a_leak() {
    let report = run(&victim_with_recovery(|_| drop(sleeper())), &killing(3));
    let Verdict::Leaked { what } = report.verdict else { panic!("{report}") };
    assert!(what.starts_with("process ") && what.ends_with(" of recovery"), "{what}");
}
