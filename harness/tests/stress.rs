//! Stress, on scenarios whose verdicts are known.

mod runner;

use std::io::Write;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, raise};
use nix::unistd::{ForkResult, Pid, fork, getpid, pause};
use shmkv::{Segment, SegmentName, Semaphore};
use shmkv_harness::{
    Grade, ProcessEnd, Scenario, Shared, StressError, StressOptions, StressReport, Verdict, stress,
    stress_until,
};

fn main() -> ExitCode {
    runner::run(tests![
        racy_increment_loses_an_update,
        atomic_increment_loses_none,
        rounds_start_from_what_setup_left,
        workers_are_reused_across_rounds,
        more_processes_than_processors_end,
        returned_values_reach_the_report,
        panic_is_told_with_message_and_place,
        panic_that_cannot_unwind_is_told_too,
        panic_that_the_body_catches_is_none,
        signal_is_named,
        real_time_signal_is_named,
        access_out_of_range_ends_the_worker_only,
        exit_before_return_is_told,
        hang_is_bounded_and_named,
        worker_is_replaced_after_each_end,
        crash_explains_the_hang_of_another,
        kill_is_told_apart_from_other_ends,
        survivor_that_is_stuck_goes_on_after_recovery,
        survivor_that_is_stuck_without_recovery_times_out,
        recovery_that_panics_is_named,
        recovery_that_hangs_is_bounded,
        recovery_does_not_run_without_a_kill,
        invariants_are_counted_each,
        invariant_that_panics_is_named,
        unforeseen_outcome_is_forbidden,
        run_goes_on_after_a_failure_when_asked_to,
        run_stops_when_enough_was_seen,
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
        several_threads_are_refused,
        impossible_options_are_refused,
        setup_that_panics_is_an_error,
        report_as_json_has_its_fields,
        report_as_text_has_its_parts,
        workers_die_with_their_parent,
    ])
}

/// A scenario over one number.
fn counter(name: &str) -> Scenario<AtomicU64> {
    Scenario::new(name, |_| {})
}

fn rounds(rounds: u64) -> StressOptions {
    // Far longer than any round takes on a loaded machine: only a hang gets there.
    StressOptions { rounds, deadline: Duration::from_secs(60), ..StressOptions::default() }
}

/// Rounds with a hang in each take as long as this.
fn brief(options: StressOptions) -> StressOptions {
    StressOptions { deadline: Duration::from_secs(1), ..options }
}

fn killing(rounds_to_run: u64) -> StressOptions {
    StressOptions { kill_rate: 1.0, ..rounds(rounds_to_run) }
}

fn run<T: Shared>(scenario: &Scenario<T>, options: &StressOptions) -> StressReport {
    stress(scenario, options).expect("the scenario runs")
}

fn hang() {
    loop {
        pause();
    }
}

/// One process, one round: how it ended.
fn end_of(body: impl Fn(&AtomicU64) -> String + 'static) -> (ProcessEnd, Verdict) {
    let scenario = counter("one end").process("worker", body);
    let report = run(&scenario, &rounds(1));
    let failure = report.first_failure.expect("the round fails");
    (failure.processes[0].end.clone(), failure.verdict)
}

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

fn more_processes_than_processors_end() {
    let scenario = counter("many")
        .processes(20, "adder", |_, count| {
            count.fetch_add(1, Relaxed);
        })
        .outcome(|end| end.shared.load(Relaxed).to_string())
        .expect("20", Grade::Acceptable, "all have added");
    run(&scenario, &rounds(100)).assert_held();
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
    assert!(message.starts_with("no way, at ") && message.contains("stress.rs:"), "{message}");
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
    assert_eq!(report.verdict, Verdict::TimedOut { process: "stuck".into(), after_ms: 1_000 });
    assert_eq!(report.rounds, 1);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
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

fn crash_explains_the_hang_of_another() {
    let scenario = counter("crash and hang")
        .process("stuck", |_| hang())
        .process("crasher", |_| -> () { std::process::abort() });
    let report = run(&scenario, &brief(rounds(1)));
    assert!(matches!(&report.verdict, Verdict::Crashed { process, .. } if process == "crasher"));
    assert_eq!(report.ends.timed_out, 1);
}

fn kill_is_told_apart_from_other_ends() {
    // Nobody returns, so the victim cannot have ended before the kill.
    let scenario = counter("killed").process("victim", |_| hang());
    let report = run(&scenario, &killing(20));
    report.assert_held();
    assert_eq!((report.rounds, report.ends.killed), (20, 20));

    let (end, _) = end_of(|_| {
        raise(Signal::SIGKILL).expect("a signal to itself");
        String::new()
    });
    assert_eq!(end, ProcessEnd::Signalled { signal: "SIGKILL".into() }, "not ours");
}

shmkv_harness::shared! {
    /// A lock whose owner may die.
    struct Guarded {
        lock: Semaphore,
        /// Posted by the recovery only.
        repaired: Semaphore,
    }
}

/// Whoever gets the lock keeps it until the recovery has run: without it,
/// nobody returns. So a kill always finds its victim.
fn owner_who_waits_for_repair() -> Scenario<Guarded> {
    Scenario::<Guarded>::new("dead owner", |state| {
        state.lock.init(1).expect("a semaphore");
        state.repaired.init(0).expect("a semaphore");
    })
    .processes(2, "worker", |_, state| {
        state.lock.wait().expect("a semaphore");
        state.repaired.wait().expect("a semaphore");
        state.lock.post().expect("a semaphore");
    })
}

/// Allowed: the owner is killed, and the recovery lets the other in. Allowed
/// too: the victim owned nothing yet, and the recovery lets the owner out.
fn survivor_that_is_stuck_goes_on_after_recovery() {
    let scenario = owner_who_waits_for_repair().recovery(|state| {
        state.lock.post().expect("a semaphore");
        state.repaired.post().expect("a semaphore");
    });
    let report = run(&scenario, &killing(10));
    report.assert_held();
    assert_eq!((report.recoveries, report.ends.killed, report.ends.returned), (10, 10, 10));
}

fn survivor_that_is_stuck_without_recovery_times_out() {
    let report = run(&owner_who_waits_for_repair(), &brief(killing(1)));
    assert!(matches!(report.verdict, Verdict::TimedOut { .. }), "{report}");
    assert_eq!(report.recoveries, 0);
}

fn victim_with_recovery(recovery: impl Fn(&AtomicU64) + 'static) -> Scenario<AtomicU64> {
    counter("recovery").process("victim", |_| hang()).recovery(recovery)
}

fn recovery_that_panics_is_named() {
    let report = run(&victim_with_recovery(|_| panic!("no repair")), &killing(3));
    let failure = report.first_failure.expect("a failure");
    let Verdict::Panicked { process, message } = failure.verdict else { panic!("{failure:?}") };
    assert_eq!(process, "recovery");
    assert!(message.starts_with("no repair, at "), "{message}");
    let names: Vec<&str> = failure.processes.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["victim", "recovery"]);
}

fn recovery_that_hangs_is_bounded() {
    let report = run(&victim_with_recovery(|_| hang()), &brief(killing(1)));
    assert_eq!(report.verdict, Verdict::TimedOut { process: "recovery".into(), after_ms: 1_000 });
}

fn recovery_does_not_run_without_a_kill() {
    let scenario =
        counter("calm").process("worker", |_| ()).recovery(|_| -> () { panic!("not needed") });
    let report = run(&scenario, &rounds(10));
    report.assert_held();
    assert_eq!(report.recoveries, 0);
}

fn invariants_are_counted_each() {
    let scenario = counter("three invariants")
        .process("worker", |count| count.store(5, Relaxed))
        .invariant("holds", |_| Ok(()))
        .invariant("never holds", |_| Err("as expected".into()))
        .invariant("is five", |end| {
            (end.shared.load(Relaxed) == 5).then_some(()).ok_or("it is not".into())
        });
    let report = run(&scenario, &StressOptions { stop_at_failure: false, ..rounds(10) });
    let violations = |name| report.violations(name);
    assert_eq!((violations("holds"), violations("never holds"), violations("is five")), (0, 10, 0));
}

fn invariant_that_panics_is_named() {
    let scenario = counter("bad invariant")
        .process("worker", |_| ())
        .invariant("sound", |_| panic!("cannot say"));
    let verdict = run(&scenario, &rounds(3)).verdict;
    let Verdict::Panicked { process, message } = verdict else { panic!("{verdict:?}") };
    assert_eq!(process, "invariant sound");
    assert!(message.starts_with("cannot say, at "), "{message}");
}

fn unforeseen_outcome_is_forbidden() {
    let scenario = counter("outcomes").process("worker", |_| "B").expect(
        "A",
        Grade::Acceptable,
        "the only one foreseen",
    );
    let report = run(&scenario, &rounds(3));
    let detail = "B (not foreseen)".into();
    assert_eq!(report.verdict, Verdict::Violated { invariant: "outcome".into(), detail });
    let rows: Vec<_> =
        report.outcomes.iter().map(|row| (row.outcome.as_str(), row.grade, row.count)).collect();
    assert_eq!(rows, [("A", Grade::Acceptable, 0), ("B", Grade::Forbidden, 1)]);
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
    assert!(what.starts_with("process ") && what.contains("started by careless"), "{what}");
}

/// The body's child has a child of its own and exits: that one is nobody's.
fn orphan_left_behind_is_found() {
    let what = leak_of(|| {
        std::process::Command::new("sh").args(["-c", "sleep 600 &"]).status().expect("sh");
    });
    assert!(what.contains("started by careless"), "{what}");
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
        let flags = nix::sys::wait::WaitPidFlag::WEXITED | nix::sys::wait::WaitPidFlag::WNOWAIT;
        nix::sys::wait::waitid(nix::sys::wait::Id::All, flags).is_ok()
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

/// What varies is removed; everything else is compared.
fn report_as_json_has_its_fields() {
    let scenario = counter("json")
        .process("adder", |count| count.fetch_add(1, Relaxed))
        .process("panicker", |_| -> () { panic!("always") })
        .invariant("holds", |_| Ok(()))
        .outcome(|end| end.shared.load(Relaxed).to_string())
        .expect("1", Grade::Interesting, "one adds");
    let report = run(&scenario, &rounds(5));
    let mut json = serde_json::to_value(&report).expect("JSON");
    let message = json["message"].take();
    assert!(message.as_str().is_some_and(|text| text.starts_with("always, at ")), "{message}");
    assert!(json["elapsed_ms"].take().as_f64() > Some(0.0));
    assert!(json["rounds_per_second"].take().as_f64() > Some(0.0));
    json["first_failure"]["message"].take();
    json["first_failure"]["processes"][1]["message"].take();
    assert_eq!(
        json,
        serde_json::json!({
            "scenario": "json",
            "seed": 1,
            "rounds": 1,
            "elapsed_ms": null,
            "rounds_per_second": null,
            "outcomes": [{
                "outcome": "1", "grade": "interesting", "reason": "one adds",
                "count": 1, "share": 1.0,
            }],
            "invariants": [{ "name": "holds", "violations": 0 }],
            "ends": {
                "returned": 1, "panicked": 1, "killed": 0, "signalled": 0, "exited": 0,
                "timed_out": 0,
            },
            "recoveries": 0,
            "names_checked": true,
            "failed_rounds": 1,
            "verdict": "panicked",
            "process": "panicker",
            "message": null,
            "first_failure": {
                "seed": 1,
                "round": 0,
                "verdict": "panicked",
                "process": "panicker",
                "message": null,
                "outcome": "1",
                "processes": [
                    { "name": "adder", "end": "returned", "value": "0" },
                    { "name": "panicker", "end": "panicked", "message": null },
                ],
            },
        })
    );
}

fn report_as_text_has_its_parts() {
    let scenario = counter("text")
        .process("worker", |_| "B")
        .invariant("never holds", |_| Err("as expected".into()))
        .expect("A", Grade::Acceptable, "foreseen")
        .expect("B", Grade::Interesting, "odd");
    let report = run(&scenario, &StressOptions { stop_at_failure: false, ..rounds(2) });
    let text = report.to_string();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "text: violated: never holds: as expected");
    assert!(lines[1].starts_with("2 rounds in ") && lines[1].ends_with(", seed 1"), "{text}");
    assert_eq!(
        lines[2..],
        [
            "",
            "outcome  grade        count     share  reason",
            "A        acceptable       0    0.00 %  foreseen",
            "B        interesting      2  100.00 %  odd",
            "",
            "invariant    violations",
            "never holds           2",
            "",
            "ends: returned 2",
            "",
            "first failure: round 0 of seed 1: violated: never holds: as expected",
            "  worker returned B",
            "2 rounds did not hold",
        ],
        "{text}"
    );
    assert!(report.render(true).contains("\u{1b}["), "colours where they are wanted");
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
