//! Random programs with bounded loops, against an interpreter that shares no code with
//! the simulator.
//!
//! The interpreter tries all schedules of a program as data. Within a bound it counts
//! a preemption wherever the turn is taken from a process that could go on, however
//! often that has polled already. The search may find more within a bound, since it
//! lets others go first where a process polls; what it finds must be possible at all.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use shmkv_harness::Scenario;
use shmkv_harness::sim::{Reduction, Search, SearchReport};

use crate::common::search;
use shmkv_harness::Random;

/// How many words the processes share.
const WORDS: usize = 3;

/// What one process does.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Act {
    Load(usize),
    Store(usize, u32),
    Add(usize, u32),
    /// Up to so many times: loads the word, until it holds the value.
    Poll(usize, u32, u32),
    /// Up to so many times: tries to replace the first value by the second.
    Try(usize, u32, u32, u32),
    /// Up to so many times: loads both words, until they are equal.
    Pair(usize, usize, u32),
}

type Program = Vec<Vec<Act>>;

fn random_act(random: &Random, most: u64) -> Act {
    let word = random.below(WORDS as u64) as usize;
    let (value, other) = (random.below(3) as u32, 1 + random.below(2) as u32);
    let tries = 2 + random.below(most - 1) as u32;
    match random.below(8) {
        0 => Act::Load(word),
        1 | 2 => Act::Store(word, other),
        3 => Act::Add(word, 1),
        4 | 5 => Act::Poll(word, value, tries),
        6 => Act::Try(word, value, other, tries),
        _ => Act::Pair(word, (word + 1) % WORDS, tries),
    }
}

/// A program of two processes with one to three acts each, of which one is a loop.
fn random_program(random: &Random, most: u64) -> Program {
    loop {
        let acts = |random: &Random| {
            (0..1 + random.below(3)).map(|_| random_act(random, most)).collect::<Vec<_>>()
        };
        let program = vec![acts(random), acts(random)];
        let loops = |act: &Act| matches!(act, Act::Poll(..) | Act::Try(..) | Act::Pair(..));
        if program.iter().flatten().any(loops) {
            return program;
        }
    }
}

/// What one process sees: a number for each act.
fn run(acts: &[Act], words: &[AtomicU32; WORDS]) -> String {
    let seen = acts.iter().map(|act| match *act {
        Act::Load(word) => words[word].load(SeqCst),
        Act::Store(word, value) => {
            words[word].store(value, SeqCst);
            0
        }
        Act::Add(word, value) => words[word].fetch_add(value, SeqCst),
        Act::Poll(word, value, tries) => {
            let tried = (0..tries).take_while(|_| words[word].load(SeqCst) != value);
            tried.count() as u32
        }
        Act::Try(word, old, new, tries) => {
            let fails = || words[word].compare_exchange(old, new, SeqCst, SeqCst).is_err();
            (0..tries).take_while(|_| fails()).count() as u32
        }
        Act::Pair(a, b, tries) => {
            let differ = || words[a].load(SeqCst) != words[b].load(SeqCst);
            (0..tries).take_while(|_| differ()).count() as u32
        }
    });
    seen.map(|seen| seen.to_string()).collect::<Vec<_>>().join(" ")
}

fn scenario(program: &Program) -> Scenario<[AtomicU32; WORDS]> {
    let acts = program.clone();
    Scenario::new("loops", |_: &[AtomicU32; WORDS]| {})
        .processes(program.len(), "p", move |i, words| run(&acts[i], words))
        .outcome(|end| {
            let words: Vec<u32> = end.shared.iter().map(|word| word.load(SeqCst)).collect();
            let seen: Vec<_> = (0..2).map(|i| end.returned(i).map(str::to_owned)).collect();
            format!("{seen:?} {words:?}")
        })
}

/// Where the interpreter's process stands.
#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct Process {
    act: usize,
    /// How many tries of a loop it has made, and what it holds of a pair.
    tries: u32,
    held: Option<u32>,
    seen: Vec<u32>,
    killed: bool,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct State {
    words: [u32; WORDS],
    processes: Vec<Process>,
}

impl State {
    fn ended(&self, program: &Program, i: usize) -> bool {
        self.processes[i].killed || self.processes[i].act == program[i].len()
    }

    /// One step of process `i`.
    fn step(&mut self, program: &Program, i: usize) {
        let (words, process) = (&mut self.words, &mut self.processes[i]);
        let act = program[i][process.act];
        let done = match act {
            Act::Load(word) => Some(words[word]),
            Act::Store(word, value) => {
                words[word] = value;
                Some(0)
            }
            Act::Add(word, value) => {
                words[word] += value;
                Some(words[word] - value)
            }
            Act::Poll(word, value, tries) => {
                process.tries += u32::from(words[word] != value);
                (words[word] == value || process.tries == tries).then_some(process.tries)
            }
            Act::Try(word, old, new, tries) if words[word] == old => {
                words[word] = new;
                Some(process.tries.min(tries))
            }
            Act::Try(.., tries) => {
                process.tries += 1;
                (process.tries == tries).then_some(process.tries)
            }
            Act::Pair(a, b, tries) => match process.held.take() {
                None => {
                    process.held = Some(words[a]);
                    None
                }
                Some(held) => {
                    process.tries += u32::from(held != words[b]);
                    (held == words[b] || process.tries == tries).then_some(process.tries)
                }
            },
        };
        if let Some(seen) = done {
            process.seen.push(seen);
            process.act += 1;
            process.tries = 0;
        }
    }

    fn outcome(&self) -> String {
        let text = |process: &Process| {
            let seen: Vec<_> = process.seen.iter().map(u32::to_string).collect();
            (!process.killed).then(|| seen.join(" "))
        };
        let seen: Vec<_> = self.processes.iter().map(text).collect();
        format!("{seen:?} {:?}", self.words)
    }
}

/// All outcomes with at most `left` preemptions and `kills` kills.
fn interpret(program: &Program, preemptions: u32, kills: u32) -> BTreeSet<String> {
    let process = Process { act: 0, tries: 0, held: None, seen: vec![], killed: false };
    let start = State { words: [0; WORDS], processes: vec![process; program.len()] };
    let mut best: HashMap<(State, usize, u32), u32> = HashMap::new();
    let mut stack = vec![(start, usize::MAX, kills, preemptions)];
    let mut outcomes = BTreeSet::new();
    while let Some((state, last, kills, left)) = stack.pop() {
        let key = (state.clone(), last, kills);
        if best.get(&key).is_some_and(|before| *before >= left) {
            continue;
        }
        best.insert(key, left);
        let alive: Vec<_> = (0..program.len()).filter(|i| !state.ended(program, *i)).collect();
        if alive.is_empty() {
            outcomes.insert(state.outcome());
        }
        for &i in &alive {
            if kills > 0 {
                let mut next = state.clone();
                next.processes[i].killed = true;
                stack.push((next, last, kills - 1, left));
            }
            let taken = u32::from(last != i && alive.contains(&last));
            if let Some(left) = left.checked_sub(taken) {
                let mut next = state.clone();
                next.step(program, i);
                stack.push((next, i, kills, left));
            }
        }
    }
    outcomes
}

fn found(report: &SearchReport) -> BTreeSet<String> {
    report.outcomes.iter().map(|row| row.outcome.clone()).collect()
}

/// Compares a bounded search with the interpreter; returns how many outcomes there were.
#[track_caller]
fn compare(program: &Program, preemptions: u32, kills: u32, reduction: Reduction) -> usize {
    let options = Search { kills, ..Search::exhaustive(preemptions).reduction(reduction) };
    let report = search(&scenario(program), &options);
    let (found, wanted) = (found(&report), interpret(program, preemptions, kills));
    let lost: Vec<_> = wanted.difference(&found).collect();
    assert!(report.complete && lost.is_empty(), "{program:?}: {report}: lost {lost:?}");
    let possible = interpret(program, u32::MAX, kills);
    let made_up: Vec<_> = found.difference(&possible).collect();
    assert!(made_up.is_empty(), "{program:?}: {report}: made up {made_up:?}");
    wanted.len()
}

/// 300 programs, with loops of up to 12 tries; seed 11. Two of three with 0 to 2
/// preemptions, the others with all schedules, where the outcomes must be the same.
pub fn bounded_loops_come_to_what_an_interpreter_says() {
    let random = Random::new(11);
    for i in 0..300 {
        if i % 3 < 2 {
            let program = random_program(&random, 12);
            let reduction = [Reduction::Conflicts, Reduction::States][i % 2];
            compare(&program, (i / 3 % 3) as u32, 0, reduction);
        } else {
            let program = random_program(&random, 4);
            let report = search(&scenario(&program), &Search::unbounded());
            assert!(report.complete, "{program:?}: {report}");
            assert_eq!(found(&report), interpret(&program, u32::MAX, 0), "{program:?}: {report}");
        }
    }
}

/// 60 programs in which one process may be killed at each step; seed 12.
pub fn bounded_loops_with_kills_come_to_what_an_interpreter_says() {
    let random = Random::new(12);
    for i in 0..60 {
        let program = random_program(&random, 5);
        compare(&program, i % 2, 1, Reduction::Conflicts);
    }
}
