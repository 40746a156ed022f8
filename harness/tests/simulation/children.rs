//! This program, run again as a child with a task of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::Scenario;
use shmkv_harness::sim::{Search, Strategy, explore, explore_with, supported};

/// The environment variable that names the task.
const TASK: &str = "SIMULATION_TASK";

/// This program with a task, and pipes from it.
pub fn command(task: &str) -> Command {
    let mut command = program();
    command.env(TASK, task);
    command
}

/// This program with its tests, and pipes from it.
pub fn program() -> Command {
    let program = std::env::current_exe().expect("the path of this program");
    let mut command = Command::new(program);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A child that has said that it is at work.
pub fn start(task: &str) -> Child {
    let mut child = command(task).spawn().expect("a child");
    let stdout = child.stdout.as_mut().expect("a pipe");
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    assert_eq!(line, "at work\n");
    child
}

/// Does the task that this program was started for; `None` where it is to test.
pub fn serve() -> Option<ExitCode> {
    match std::env::var(TASK).ok()?.as_str() {
        "ask" => ask(),
        "search" => search(),
        "print" => print(),
        "minimise" => minimise(),
        "count" => {
            let report = explore(&counters(3, 2), &Search::unbounded()).expect("a search");
            println!("{report}");
        }
        task => panic!("task {task:?} is unknown"),
    }
    Some(ExitCode::SUCCESS)
}

/// Each process adds to one counter, `steps` times.
pub fn counters(processes: usize, steps: usize) -> Scenario<AtomicU32> {
    Scenario::new("counters", |_: &AtomicU32| {}).processes(processes, "p", move |_, word| {
        (0..steps).for_each(|_| _ = word.fetch_add(1, Relaxed));
    })
}

/// Two processes lose increments, as far as they meet; each makes `count`.
pub fn racy(count: u32) -> Scenario<AtomicU32> {
    Scenario::new("racy", |_: &AtomicU32| {})
        .processes(2, "p", move |_, word: &AtomicU32| {
            (0..count).for_each(|_| word.store(word.load(Relaxed) + 1, Relaxed));
        })
        .invariant("none is lost", move |end| match end.shared.load(Relaxed) {
            n if n == 2 * count => Ok(()),
            n => Err(n.to_string()),
        })
}

/// Minimises a long schedule; prints it, and how much memory that took, in KiB.
fn minimise() {
    let search = Search::new(Strategy::Random { seed: 1 }).max_schedules(1);
    let report = explore(&racy(4_500), &search).expect("a search");
    let status = std::fs::read_to_string("/proc/self/status").expect("its memory");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    let peak = peak.trim().trim_end_matches(" kB");
    println!("{} {peak}", report.failure.expect("a failure").schedule);
}

/// Whether simulations are possible, by two ways to ask.
fn ask() {
    let searched = explore(&counters(2, 2), &Search::exhaustive(0)).map(drop);
    for answer in [supported(), searched] {
        println!("{}", answer.err().map_or_else(|| "possible".into(), |error| error.to_string()));
    }
}

/// A search that takes longer than anybody waits.
fn search() {
    let told = |schedules, _| {
        if schedules == 3 {
            println!("at work");
            std::io::stdout().flush().expect("a reader");
        }
    };
    let report = explore_with(&counters(6, 200), &Search::unbounded(), told);
    panic!("it has ended: {report:?}");
}

/// Bodies that print.
fn print() {
    let scenario = Scenario::new("print", |_: &AtomicU32| {}).process("p", |_| {
        println!("from a body");
        eprintln!("from a body");
        std::io::stdout().flush().expect("a place to write to");
    });
    explore(&scenario, &Search::unbounded()).expect("a search");
    println!("from the program");
}
