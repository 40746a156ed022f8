//! Runs: what a round starts from, who does it, when a run stops, what is refused.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use nix::sys::signal::Signal;
use nix::unistd::{ForkResult, Pid, fork, getpid};
use shmkv_harness::{Grade, StressError, Verdict, stress_until};

use super::*;
use crate::runner::Test;
use crate::tests;

pub const TESTS: &[Test] = tests![
    racy_increment_loses_an_update,
    atomic_increment_loses_none,
    rounds_start_from_what_setup_left,
    workers_are_reused_across_rounds,
    worker_is_replaced_after_each_end,
    more_processes_than_processors_end,
    run_goes_on_after_a_failure_when_asked_to,
    run_stops_when_enough_was_seen,
    several_threads_are_refused,
    impossible_options_are_refused,
    setup_that_panics_is_an_error,
    workers_die_with_their_parent,
];

fn increment_both(increment: impl Fn(&AtomicU64) + Clone + 'static) -> Scenario<AtomicU64> {
    counter("two increments").processes(2, "adder", move |_, count| increment(count)).invariant(
        "both increments are kept",
        |end| match end.shared.load(Relaxed) {
            2 => Ok(()),
            found => Err(format!("found {found}")),
        },
    )
}

/// Schedule wanted: both load before either stores. Giving up the processor in
/// between makes that likely even where there is only one.
fn racy_increment_loses_an_update() {
    let scenario = increment_both(|count| {
        let seen = count.load(Relaxed);
        std::thread::yield_now();
        count.store(seen + 1, Relaxed);
    });
    let report = run(&scenario, &rounds(1_000_000));
    let invariant = "both increments are kept".to_owned();
    assert_eq!(report.verdict, Verdict::Violated { invariant, detail: "found 1".into() });
    let failure = report.first_failure.expect("a failure");
    assert_eq!((failure.seed, failure.round), (1, report.rounds - 1));
}

fn atomic_increment_loses_none() {
    let scenario = increment_both(|count| {
        count.fetch_add(1, Relaxed);
    });
    let report = run(&scenario, &rounds(3_000));
    report.assert_held();
    assert_eq!((report.rounds, report.ends.returned), (3_000, 6_000));
}

fn rounds_start_from_what_setup_left() {
    let scenario = Scenario::<[AtomicU64; 3]>::new("setup", |state| state[1].store(7, Relaxed))
        .process("adder", |state| state.each_ref().map(|word| word.fetch_add(1, Relaxed)).len())
        .outcome(|end| format!("{:?}", end.shared))
        .expect("[1, 8, 1]", Grade::Acceptable, "one more than setup left");
    run(&scenario, &rounds(50)).assert_held();
}

fn workers_are_reused_across_rounds() {
    let scenario = counter("ids").processes(2, "worker", |_, _| getpid().as_raw());
    let report = run(&scenario, &rounds(100));
    assert_eq!(report.outcomes.len(), 1, "{report}");
}

/// The shared state does not outlive a round, but a worker's own memory does: a
/// fresh worker is one that has forgotten.
fn worker_is_replaced_after_each_end() {
    static ROUNDS: AtomicU32 = AtomicU32::new(0);
    let scenario = counter("replaced").process("worker", |_| {
        let round = ROUNDS.fetch_add(1, Relaxed);
        if round == 1 {
            std::process::exit(1);
        }
        round
    });
    let options = StressOptions { stop_at_failure: false, ..rounds(6) };
    let report = run(&scenario, &options);
    assert_eq!((report.count("0"), report.count("exited")), (3, 3), "{report}");
}

fn more_processes_than_processors_end() {
    let scenario = counter("many")
        .processes(20, "adder", |_, count| {
            count.fetch_add(1, Relaxed);
        })
        .outcome(|end| end.shared.load(Relaxed).to_string())
        .expect("20", Grade::Acceptable, "all have added");
    run(&scenario, &rounds(100)).assert_held();
}

fn run_goes_on_after_a_failure_when_asked_to() {
    let scenario = counter("always bad")
        .process("worker", |_| ())
        .invariant("never holds", |_| Err("as expected".into()));
    let report = run(&scenario, &StressOptions { stop_at_failure: false, ..rounds(25) });
    assert_eq!((report.rounds, report.failed_rounds), (25, 25));
    assert_eq!(report.first_failure.map(|failure| failure.round), Some(0));
}

fn run_stops_when_enough_was_seen() {
    let scenario = counter("enough").process("worker", |_| ());
    let report = stress_until(&scenario, &rounds(1_000_000), |so_far| {
        assert!(so_far.rounds_per_second > 0.0);
        so_far.rounds >= 500
    });
    let rounds = report.expect("the scenario runs").rounds;
    assert!((500..=756).contains(&rounds), "{rounds} rounds: 500 and at most one batch");
}

fn several_threads_are_refused() {
    let scenario = counter("threads").process("worker", |_| ());
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::spawn(move || wait.recv());
    let error = stress(&scenario, &rounds(1)).expect_err("two threads");
    drop(done);
    let _ = thread.join().expect("the thread ends");
    assert!(matches!(error, StressError::Threads { count: 2 }), "{error}");
    assert!(error.to_string().contains("this one has 2"), "{error}");
}

fn impossible_options_are_refused() {
    let scenario = counter("options").process("worker", |_| ());
    let error =
        |options: StressOptions| stress(&scenario, &options).expect_err("impossible").to_string();
    assert_eq!(error(rounds(0)), "0 rounds were asked for; at least 1 is needed");
    let rate = StressOptions { kill_rate: 1.5, ..rounds(1) };
    assert_eq!(error(rate), "the kill rate is 1.5; it must lie between 0 and 1");
    let rate = StressOptions { pause_rate: f64::NAN, ..rounds(1) };
    assert_eq!(error(rate), "the pause rate is NaN; it must lie between 0 and 1");

    let empty = stress(&counter("empty"), &rounds(1)).expect_err("nobody to run");
    assert_eq!(empty.to_string(), "scenario empty has 0 processes; stress runs 1 to 64");
}

fn setup_that_panics_is_an_error() {
    let scenario =
        Scenario::<AtomicU64>::new("bad setup", |_| panic!("no state")).process("worker", |_| ());
    let error = stress(&scenario, &rounds(1)).expect_err("no state");
    let text = error.to_string();
    assert!(text.starts_with("the setup of scenario bad setup panicked: no state, at"), "{text}");
}

/// A forked copy of this program runs a scenario that hangs, and is killed. The
/// workers hold the write end of a pipe: it is at its end when they are dead.
fn workers_die_with_their_parent() {
    let (read, write) = nix::unistd::pipe().expect("a pipe");
    // SAFETY: tests run on the only thread.
    let harness = match unsafe { fork() }.expect("a child") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            drop(read);
            let write = std::rc::Rc::new(write);
            let scenario = counter("orphans").processes(2, "worker", move |_, _| {
                nix::unistd::write(&*write, b"!").expect("a pipe");
                hang();
            });
            let _ = stress(&scenario, &rounds(1));
            // SAFETY: ends the copy, which must not go on with the tests.
            unsafe { libc::_exit(1) };
        }
    };
    drop(write);
    let mut started = [0; 2];
    for byte in &mut started {
        assert!(readable(&read), "a worker starts");
        nix::unistd::read(&read, std::slice::from_mut(byte)).expect("a pipe");
    }
    nix::sys::signal::kill(harness, Signal::SIGKILL).expect("a child");
    reap(harness);
    assert!(readable(&read), "the workers are gone");
    assert_eq!(nix::unistd::read(&read, &mut started), Ok(0), "{started:?}");
}

/// Whether there is something to read, or the end, within a minute.
fn readable(fd: &impl std::os::fd::AsFd) -> bool {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    poll(&mut fds, PollTimeout::from(60_000_u16)) == Ok(1)
}

fn reap(child: Pid) {
    nix::sys::wait::waitpid(child, None).expect("a child");
}
