//! The store: single operations by one process, and two processes at once.
//!
//! Every number is of one uncontended operation, except in the group `two`,
//! where this process and a child work on one store. A child is this program
//! again, with `--child TASK NAME`.

use std::hint::black_box;
use std::process::{Child, Command, ExitCode, Stdio, id};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion};
use shmkv::{CAPACITY, Deadline, KeyValue, SegmentName, Store, Table};

/// The longest that anything here waits for the other process.
const LONG: Duration = Duration::from_secs(60);

/// The longest that a child lives, should nobody kill it.
const CHILD_LIFE: Duration = Duration::from_secs(600);

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["--child", task, name] = words[..] {
        child(task, &Store::open(&name_of(name)).expect("the parent has made it"));
        return ExitCode::SUCCESS;
    }
    let mut criterion = Criterion::default()
        .sample_size(50)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    with_store(|store| semaphore(&mut criterion, store));
    with_store(|store| single(&mut criterion, store));
    with_store(|store| wake(&mut criterion, store));
    with_store(|store| two(&mut criterion, store));
    criterion.final_summary();
    ExitCode::SUCCESS
}

fn name_of(text: &str) -> SegmentName {
    text.parse().expect("a name of ours")
}

/// Runs `bench` on a store of its own, with three of ten slots taken.
fn with_store(bench: impl FnOnce(&Store)) {
    let store = Store::create(&name_of(&format!("/shmkv-bench-{}", id()))).expect("a new name");
    for key in ["username", "email", "city"] {
        store.set(key, "a value of thirty-two bytes, yes").expect("there is room");
    }
    bench(&store);
    store.segment().unlink_this().expect("it is ours");
}

/// What the lock alone costs.
fn semaphore(criterion: &mut Criterion, store: &Store) {
    let semaphore = &store.table().sem;
    criterion.bench_function("semaphore wait and post", |bench| {
        bench.iter(|| {
            semaphore.wait().expect("nobody else has it");
            semaphore.post().expect("it was taken");
        });
    });
}

fn single(criterion: &mut Criterion, store: &Store) {
    let mut group = criterion.benchmark_group("store");
    for length in [7, 32, 255] {
        let value = "v".repeat(length);
        group.bench_function(format!("set {length} bytes"), |bench| {
            bench.iter(|| store.set("city", black_box(&value)).expect("it fits"));
        });
        group.bench_function(format!("get {length} bytes"), |bench| {
            bench.iter(|| store.get(black_box("city")).expect("it is there"));
        });
    }
    group.bench_function("get a missing key", |bench| {
        bench.iter(|| store.get(black_box("nowhere")).expect_err("it is not there"));
    });
    group.bench_function("set a new key, and delete it", |bench| {
        bench.iter(|| {
            store.set("new", "value").expect("there is room");
            store.delete("new").expect("it is there");
        });
    });
    group.bench_function("snapshot of 3 entries", |bench| {
        bench.iter(|| store.entries().expect("it is whole"));
    });
    for number in 3..CAPACITY {
        store.set(format!("key {number}"), "v".repeat(255)).expect("there is room");
    }
    group.bench_function("snapshot of 10 entries", |bench| {
        bench.iter(|| store.entries().expect("it is whole"));
    });
    group.finish();
}

/// What it saves to know that nobody waits: a table outside a segment has no
/// room to say so, and makes the system call each time.
fn wake(criterion: &mut Criterion, store: &Store) {
    let table: &Table = store.table();
    criterion.bench_function("store/set 7 bytes, always waking", |bench| {
        bench.iter(|| table.set("city", black_box("7 bytes")).expect("it fits"));
    });
}

fn two(criterion: &mut Criterion, store: &Store) {
    let mut group = criterion.benchmark_group("two");
    against(&mut group, store, "set, while another sets", "set", || {
        store.set("city", black_box("7 bytes")).expect("it fits");
    });
    against(&mut group, store, "get, while another sets", "set", || {
        black_box(store.get("city").expect("it is there"));
    });
    against(&mut group, store, "wake another, and be woken", "answer", || {
        let version = store.set("ping", "ping").expect("there is room");
        let answer = store.wait_for_change(version, Deadline::after(LONG)).expect("futex works");
        assert_eq!(answer, Some(version.wrapping_add(1)), "the child answers");
    });
    group.finish();
}

/// Measures `operation` while a child does `task`.
fn against(
    group: &mut BenchmarkGroup<'_, WallTime>,
    store: &Store,
    name: &str,
    task: &str,
    mut operation: impl FnMut(),
) {
    group.bench_function(name, |bench| {
        let seen = store.version();
        let mut child = start_child(task, store.segment().name());
        let ready = store.wait_for_change(seen, Deadline::after(LONG)).expect("futex works");
        assert!(ready.is_some(), "the child has set its key");
        bench.iter(&mut operation);

        // Under the lock: a child that died within it would take it along.
        let guard = store.table().sem.guard_until(Deadline::after(LONG)).expect("it comes free");
        child.kill().expect("a child can be killed");
        child.wait().expect("a child can be waited for");
        drop(guard);
    });
}

fn start_child(task: &str, name: &SegmentName) -> Child {
    let program = std::env::current_exe().expect("this program has a path");
    Command::new(program)
        .args(["--child", task, name.as_str()])
        .stdin(Stdio::null())
        .spawn()
        .expect("this program starts again")
}

/// What a child does until it is killed.
fn child(task: &str, store: &Store) {
    let end = Deadline::after(CHILD_LIFE);
    let mut seen = store.set("child", task).expect("there is room");
    while !end.passed() {
        if task == "set" {
            store.set("child", "7 bytes").expect("it is there");
        } else if store.wait_for_change(seen, end).expect("futex works").is_some() {
            seen = store.set("pong", "pong").expect("there is room");
        }
    }
}
