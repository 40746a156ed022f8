//! Small random programs: what processes do to a few words, as data.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use shmkv::Semaphore;
use shmkv_harness::{Scenario, shared};

use crate::random::Random;

shared! {
    pub struct Words { pub words: [AtomicU32; 3], pub semaphore: Semaphore }
}

/// One access to a word, or a visit to the critical section.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    Load(usize),
    Store(usize, u32),
    Swap(usize, u32),
    Add(usize, u32),
    Exchange(usize, u32, u32),
    /// An increment of a word, by a load and a store, under the semaphore.
    Locked(usize),
}

/// For each process, its accesses.
pub type Program = Vec<Vec<Access>>;

/// A program of 2 or 3 processes with at most `most` orders of their accesses.
pub fn random_program(random: &mut Random, most: u64, locks: bool) -> Program {
    loop {
        let processes = 2 + random.below(2);
        let program: Program = (0..processes)
            .map(|_| (0..1 + random.below(4)).map(|_| random_access(random, locks)).collect())
            .collect();
        if orders(&program) <= most {
            return program;
        }
    }
}

fn random_access(random: &mut Random, locks: bool) -> Access {
    let (word, value) = (random.below(3) as usize, 1 + random.below(3) as u32);
    match random.below(if locks { 10 } else { 8 }) {
        0..3 => Access::Load(word),
        3..5 => Access::Store(word, value),
        5 => Access::Swap(word, value),
        6 => Access::Add(word, value),
        7 => Access::Exchange(word, random.below(2) as u32, value),
        _ => Access::Locked(word),
    }
}

/// In how many orders the accesses can be made, if each is one step: the
/// multinomial coefficient.
pub fn orders(program: &Program) -> u64 {
    let (mut total, mut orders) = (0, 1);
    for accesses in program {
        for i in 1..=accesses.len() as u64 {
            total += 1;
            orders = orders * total / i;
        }
    }
    orders
}

/// Makes the accesses; says what was seen.
fn run(accesses: &[Access], state: &Words) -> String {
    let seen = accesses.iter().map(|access| match *access {
        Access::Load(word) => state.words[word].load(SeqCst),
        Access::Store(word, value) => {
            state.words[word].store(value, SeqCst);
            0
        }
        Access::Swap(word, value) => state.words[word].swap(value, SeqCst),
        Access::Add(word, value) => state.words[word].fetch_add(value, SeqCst),
        Access::Exchange(word, old, new) => {
            state.words[word].compare_exchange(old, new, SeqCst, SeqCst).unwrap_or_else(|seen| seen)
        }
        Access::Locked(word) => {
            let _guard = state.semaphore.guard().expect("the semaphore");
            let seen = state.words[word].load(SeqCst);
            state.words[word].store(seen + 1, SeqCst);
            seen
        }
    });
    seen.map(|seen| seen.to_string()).collect::<Vec<_>>().join(" ")
}

/// A scenario whose outcome is all that was seen, and what was left.
pub fn scenario(program: &Program) -> Scenario<Words> {
    let accesses = program.clone();
    Scenario::new("program", |state: &Words| state.semaphore.init(1).expect("a semaphore"))
        .processes(program.len(), "p", move |i, state| run(&accesses[i], state))
        .outcome(|end| {
            let words: Vec<u32> = end.shared.words.iter().map(|word| word.load(SeqCst)).collect();
            let ends: Vec<_> = (0..end.processes.len()).map(|i| end.returned(i)).collect();
            format!("{ends:?} {words:?}")
        })
}
