//! The simulator: what a step costs, a switch, an execution, a search.
//!
//! A step is measured in executions of one process that makes thousands of them,
//! so that its share of starting and ending the process is nothing. The parent's
//! work is counted too: it resets the state, reads the log, judges the end.
//!
//! Beside these stands what the machine itself takes for a fault, its signal, and
//! the return from the handler: no step can cost less, and most of a plain step is
//! that. What one costs beyond is the decision who goes next, the access, and the
//! log; most of a switch is two futex calls and the kernel's switch; most of a
//! short execution is forking its processes, and reaping them. Times are of the
//! clock, so on a machine with other work the lowest of several runs counts.

#[cfg(target_arch = "x86_64")]
mod signal;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use shmkv_harness::sim::{Order, Policy, Runner, Schedule, Search, explore, supported};
use shmkv_harness::{Scenario, Shared, shared};

/// Steps in one execution, where single steps are measured.
const STEPS: u64 = 5_000;

/// The bound on steps of an execution: never reached.
const STEP_LIMIT: u32 = 60_000;

/// After how long without a step an execution is given up.
const HANG: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    if let Err(why) = supported() {
        eprintln!("sim: {why}");
        return ExitCode::SUCCESS;
    }
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    #[cfg(target_arch = "x86_64")]
    signal::round_trip(&mut criterion);
    steps(&mut criterion);
    switch(&mut criterion);
    executions(&mut criterion);
    lab_1(&mut criterion);
    criterion.final_summary();
    ExitCode::SUCCESS
}

shared! {
    struct Words { word: AtomicU64, bytes: [AtomicU8; 256] }
}

fn steps(criterion: &mut Criterion) {
    step(criterion, "plain load", |words| {
        words.word.load(Relaxed);
    });
    step(criterion, "plain store", |words| words.word.store(1, Relaxed));
    step(criterion, "locked addition", |words| {
        words.word.fetch_add(1, Relaxed);
    });
    step(criterion, "memcpy of 256 bytes, from", |words| {
        let mut to = [0u8; 256];
        // SAFETY: both are 256 bytes, one is private; only one process runs.
        unsafe { libc::memcpy(to.as_mut_ptr().cast(), words.bytes.as_ptr().cast(), to.len()) };
        std::hint::black_box(to);
    });
    step(criterion, "memcpy of 256 bytes, to", |words| {
        let from = std::hint::black_box([1u8; 256]);
        // SAFETY: as above; the bytes are atomics, which may be written through.
        unsafe { libc::memcpy(words.bytes.as_ptr() as *mut _, from.as_ptr().cast(), from.len()) };
    });
}

/// Measures one `access`.
fn step(criterion: &mut Criterion, name: &str, access: fn(&Words)) {
    let repeated = move |count: u64| {
        let scenario = Scenario::new("steps", |_: &Words| {});
        scenario.process("p", move |words| (0..count).for_each(|_| access(words)))
    };
    // One access may be many steps; the bound on steps holds for all.
    let count = STEPS / steps_of(&repeated(1)).max(1);
    criterion.bench_function(&format!("sim/step: {name}"), |bench| {
        bench.iter_custom(|wanted| time_of(&repeated(count), &Order::default(), wanted, count));
    });
}

fn steps_of<T: Shared>(scenario: &Scenario<T>) -> u64 {
    runner(scenario).run(&Order::default()).expect("an execution").steps.len() as u64
}

fn runner<T: Shared>(scenario: &Scenario<T>) -> Runner<'_, T> {
    Runner::new(scenario, STEP_LIMIT, HANG).expect("this machine simulates")
}

/// How long `wanted` of the things take of which one execution does `count`.
fn time_of<T: Shared>(scenario: &Scenario<T>, order: &Order, wanted: u64, count: u64) -> Duration {
    let mut runner = runner(scenario);
    let executions = wanted.div_ceil(count);
    let start = Instant::now();
    for _ in 0..executions {
        let execution = runner.run(order).expect("an execution");
        assert!(execution.verdict.held() && execution.diverged.is_none(), "{}", execution.verdict);
    }
    start.elapsed().mul_f64(wanted as f64 / (executions * count) as f64)
}

/// A plain load by one process, then one by another.
fn switch(criterion: &mut Criterion) {
    let scenario = Scenario::new("switches", |_: &Words| {}).processes(2, "p", |_, words| {
        (0..STEPS / 2).for_each(|_| {
            words.word.load(Relaxed);
        });
    });
    let text = vec!["0,1"; STEPS as usize / 2].join(",");
    let schedule: Schedule = text.parse().expect("a schedule");
    let order = Order { prefix: schedule.choices(), ..Order::default() };
    criterion.bench_function("sim/step: plain load, with a switch", |bench| {
        bench.iter_custom(|wanted| time_of(&scenario, &order, wanted, STEPS));
    });
}

/// Two processes of ten steps each.
fn executions(criterion: &mut Criterion) {
    let scenario = Scenario::new("two of ten", |_: &AtomicU32| {}).processes(2, "p", |_, word| {
        for value in 0..5 {
            word.load(Relaxed);
            word.store(value, Relaxed);
        }
    });
    assert_eq!(steps_of(&scenario), 20, "two processes of ten steps each");
    let mut group = criterion.benchmark_group("sim/execution: two processes of ten steps");
    group.throughput(Throughput::Elements(1));
    for (name, policy) in [("one switch", Policy::GoOn), ("random switches", Policy::Random)] {
        let order = Order { policy, seed: 1, ..Order::default() };
        group.bench_function(name, |bench| {
            bench.iter_custom(|wanted| time_of(&scenario, &order, wanted, 1));
        });
    }
    group.finish();
}

/// The search that lab 1 makes: two processes, one set each. A part of it is the
/// same however many schedules there are: the start, and the first failure, which is
/// run again, made short, and drawn.
fn lab_1(criterion: &mut Criterion) {
    let scenario = shmkv_labs::lab_1::scenario(2, 1);
    let search = Search::exhaustive(2);
    let run = || explore(&scenario, &search).expect("a search").schedules;
    let mut group = criterion.benchmark_group("sim/search: lab 1, two processes, one set each");
    group.throughput(Throughput::Elements(run()));
    group.bench_function("at most 2 preemptions", |bench| bench.iter(run));
    group.finish();
}
