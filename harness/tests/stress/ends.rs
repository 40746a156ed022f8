//! How processes end, each end told apart.

use std::time::Instant;

use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;
use shmkv_harness::{Measured, ProcessEnd, Verdict};

use super::*;
use crate::runner::Test;
use crate::tests;

pub const TESTS: &[Test] = tests![
    returned_values_reach_the_report,
    panic_is_told_with_message_and_place,
    panic_that_cannot_unwind_is_told_too,
    panic_that_the_body_catches_is_none,
    signal_is_named,
    real_time_signal_is_named,
    access_out_of_range_ends_the_worker_only,
    exit_before_return_is_told,
    executed_program_ends_the_worker,
    stopped_process_is_killed_in_the_end,
    signal_to_the_own_group_reaches_nobody_else,
    closed_files_disturb_nobody,
    hang_is_bounded_and_named,
    crash_explains_the_hang_of_another,
];

/// One process, one round: how it ended.
fn end_of(body: impl Fn(&AtomicU64) -> String + 'static) -> (ProcessEnd, Verdict) {
    let scenario = counter("one end").process("worker", body);
    let report = run(&scenario, &rounds(1));
    let failure = report.first_failure.expect("the round fails");
    (failure.processes[0].end.clone(), failure.verdict)
}

fn returned_values_reach_the_report() {
    let scenario = counter("values")
        .process("number", |_| 7_u8)
        .process("nothing", |_| ())
        .process("long", |_| "ä".repeat(200));
    let report = run(&scenario, &rounds(1));
    assert_eq!(report.outcomes[0].outcome, format!("7, returned, {}", "ä".repeat(127)));
}

fn panic_is_told_with_message_and_place() {
    let (end, verdict) = end_of(|_| panic!("no {}", "way"));
    let ProcessEnd::Panicked { message } = end else { panic!("{end:?}") };
    assert!(message.starts_with("no way, at ") && message.contains("ends.rs:"), "{message}");
    assert_eq!(verdict, Verdict::Panicked { process: "worker".into(), message });
}

fn panic_that_cannot_unwind_is_told_too() {
    extern "C" fn no_way_out() {
        panic!("at the border");
    }
    let (end, _) = end_of(|_| {
        no_way_out();
        String::new()
    });
    let ProcessEnd::Panicked { message } = end else { panic!("{end:?}") };
    assert!(message.starts_with("at the border, at "), "{message}");
}

fn panic_that_the_body_catches_is_none() {
    let scenario = counter("caught")
        .process("worker", |_| std::panic::catch_unwind(|| panic!("caught")).is_err());
    let report = run(&scenario, &rounds(2));
    report.assert_held();
    assert_eq!(report.outcomes[0].outcome, "true");
}

fn signal_is_named() {
    let (end, verdict) = end_of(|_| {
        raise(Signal::SIGUSR1).expect("a signal to itself");
        String::new()
    });
    assert_eq!(end, ProcessEnd::Signalled { signal: "SIGUSR1".into() });
    let (process, cause) = ("worker".into(), "SIGUSR1".into());
    assert_eq!(verdict, Verdict::Crashed { process, cause, location: None });
}

fn real_time_signal_is_named() {
    let (end, _) = end_of(|_| {
        // SAFETY: a signal to itself, which ends it.
        unsafe { libc::raise(libc::SIGRTMIN() + 1) };
        String::new()
    });
    assert_eq!(end, ProcessEnd::Signalled { signal: format!("signal {}", libc::SIGRTMIN() + 1) });
}

/// The state fills one page. What follows it is a guard page.
fn access_out_of_range_ends_the_worker_only() {
    let scenario = Scenario::<[AtomicU64; 512]>::new("out of range", |_| {})
        .process("reader", |state| {
            let beyond = state.as_ptr().wrapping_add(512).cast::<u64>();
            // SAFETY: none. This is what the test is about.
            unsafe { beyond.read_volatile() }
        })
        .process("other", |_| ());
    let report = run(&scenario, &rounds(1));
    let (process, cause) = ("reader".into(), "SIGSEGV".into());
    assert_eq!(report.verdict, Verdict::Crashed { process, cause, location: None });
}

fn exit_before_return_is_told() {
    let (end, verdict) = end_of(|_| std::process::exit(3));
    assert_eq!(end, ProcessEnd::Exited { status: 3 });
    let (process, cause) = ("worker".into(), "exit(3)".into());
    assert_eq!(verdict, Verdict::Crashed { process, cause, location: None });
}

fn hang_is_bounded_and_named() {
    let scenario = counter("hang").process("stuck", |_| hang()).process("quick", |_| ());
    let started = Instant::now();
    let report = run(&scenario, &brief(rounds(5)));
    let of = Measured::RealTime;
    assert_eq!(report.verdict, Verdict::TimedOut { process: "stuck".into(), after_ms: 1_000, of });
    assert_eq!(report.rounds, 1);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

fn crash_explains_the_hang_of_another() {
    let scenario = counter("crash and hang")
        .process("stuck", |_| hang())
        .process("crasher", |_| -> () { std::process::abort() });
    let report = run(&scenario, &brief(rounds(1)));
    assert!(matches!(&report.verdict, Verdict::Crashed { process, .. } if process == "crasher"));
    assert_eq!(report.ends.timed_out, 1);
}

fn executed_program_ends_the_worker() {
    let (end, _) = end_of(|_| {
        use std::os::unix::process::CommandExt;
        std::process::Command::new("sh").args(["-c", "exit 4"]).exec().to_string()
    });
    assert_eq!(end, ProcessEnd::Exited { status: 4 });
}

fn stopped_process_is_killed_in_the_end() {
    let scenario = counter("stopped").process("worker", |_| {
        raise(Signal::SIGSTOP).expect("a signal to itself");
    });
    let report = run(&scenario, &brief(rounds(1)));
    assert_eq!(report.ends.timed_out, 1, "{report}");
}

fn signal_to_the_own_group_reaches_nobody_else() {
    let scenario = counter("group").process("bystander", |_| ()).process("shooter", |_| {
        kill(Pid::from_raw(0), Signal::SIGTERM).expect("a signal to its group");
    });
    let report = run(&scenario, &rounds(1));
    assert_eq!((report.ends.returned, report.ends.signalled), (1, 1), "{report}");
}

fn closed_files_disturb_nobody() {
    let scenario = counter("closed").processes(2, "closer", |_, _| {
        // SAFETY: closes all files, which nothing in this worker uses.
        unsafe { libc::syscall(libc::SYS_close_range, 0, u32::MAX, 0) }
    });
    let report = run(&scenario, &rounds(20));
    report.assert_held();
    assert_eq!(report.outcomes[0].outcome, "0, 0");
}
