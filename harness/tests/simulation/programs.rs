//! Small random programs: what processes do to a few words, as data.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shmkv::{Deadline, Semaphore};
use shmkv_harness::{Scenario, shared};

use crate::sync::{Object, call, initialise_mutex, ok};
use shmkv_harness::Random;

shared! {
    pub struct Words {
        pub words: [AtomicU32; 3],
        pub semaphore: Semaphore,
        pub mutex: Object<libc::pthread_mutex_t>,
    }
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
    /// The same under a robust mutex.
    Owned(usize),
    /// An attempt to take the robust mutex.
    Attempt,
    /// A visit to the critical section of the semaphore, if it is free in time.
    Timed,
    /// A sleep of so many milliseconds.
    Sleep(u64),
    /// What the clock shows, in milliseconds.
    Now,
}

/// Which accesses a program makes beside plain ones.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Plain,
    Locks,
    Owners,
    Time,
}

/// For each process, its accesses.
pub type Program = Vec<Vec<Access>>;

/// A program of 2 or 3 processes with at most `most` orders of their accesses.
pub fn random_program(random: &Random, most: u64, kind: Kind) -> Program {
    loop {
        let processes = 2 + random.below(2);
        let program: Program = (0..processes)
            .map(|_| (0..1 + random.below(4)).map(|_| random_access(random, kind)).collect())
            .collect();
        if orders(&program) <= most {
            return program;
        }
    }
}

fn random_access(random: &Random, kind: Kind) -> Access {
    let (word, value) = (random.below(3) as usize, 1 + random.below(3) as u32);
    let kinds = if matches!(kind, Kind::Plain) { 8 } else { 10 };
    match (random.below(kinds), kind) {
        (0..3, _) => Access::Load(word),
        (3..5, _) => Access::Store(word, value),
        (5, _) => Access::Swap(word, value),
        (6, _) => Access::Add(word, value),
        (7, _) => Access::Exchange(word, random.below(2) as u32, value),
        (8, Kind::Owners) => Access::Attempt,
        (_, Kind::Owners) => Access::Owned(word),
        (8, Kind::Time) => [Access::Timed, Access::Sleep(value.into())][word % 2],
        (_, Kind::Time) => Access::Now,
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
        Access::Owned(word) => {
            let told = take(state, call!(pthread_mutex_lock(state.mutex.get())));
            let seen = state.words[word].load(SeqCst);
            state.words[word].store(seen + 1, SeqCst);
            ok!(pthread_mutex_unlock(state.mutex.get()));
            told + seen
        }
        Access::Attempt => {
            let told = take(state, call!(pthread_mutex_trylock(state.mutex.get())));
            if told != libc::EBUSY as u32 {
                ok!(pthread_mutex_unlock(state.mutex.get()));
            }
            told
        }
        Access::Timed => {
            let until = Deadline::after(Duration::from_millis(2));
            match state.semaphore.guard_until(until) {
                Ok(_guard) => state.words[0].swap(4, SeqCst),
                Err(_) => 9,
            }
        }
        Access::Sleep(ms) => {
            std::thread::sleep(Duration::from_millis(ms));
            0
        }
        Access::Now => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
            now.subsec_millis()
        }
    });
    seen.map(|seen| seen.to_string()).collect::<Vec<_>>().join(" ")
}

/// Repairs the robust mutex where that was the answer to taking it.
fn take(state: &Words, told: i32) -> u32 {
    if told == libc::EOWNERDEAD {
        ok!(pthread_mutex_consistent(state.mutex.get()));
    }
    told as u32
}

/// A scenario whose outcome is all that was seen, and what was left.
pub fn scenario(program: &Program) -> Scenario<Words> {
    let accesses = program.clone();
    let setup = |state: &Words| {
        state.semaphore.init(1).expect("a semaphore");
        initialise_mutex(&state.mutex, libc::PTHREAD_MUTEX_NORMAL, true);
    };
    Scenario::new("program", setup)
        .processes(program.len(), "p", move |i, state| run(&accesses[i], state))
        .outcome(|end| {
            let words: Vec<u32> = end.shared.words.iter().map(|word| word.load(SeqCst)).collect();
            let ends: Vec<_> = (0..end.processes.len()).map(|i| end.returned(i)).collect();
            format!("{ends:?} {words:?}")
        })
}
