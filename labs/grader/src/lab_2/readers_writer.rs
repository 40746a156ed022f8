//! Exercise `readers-writer`: readers together, or one writer alone.
//!
//! Given: two semaphores and a count.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::shared;

use crate::{Dice, Failure, Trial, TrialBuilder, Work};

shared! {
    /// The lock, without what it protects.
    pub struct Lock {
        /// 1: nobody is inside; 0: a writer is, or readers are.
        pub room: Semaphore,
        /// Protects `readers`. 1: free; 0: held.
        pub lock: Semaphore,
        /// How many readers are inside.
        pub readers: AtomicU32,
    }
}

shared! {
    struct State {
        lock: Lock,
        words: [AtomicU64; 2],
        /// Readers that are inside, as they say.
        met: [Semaphore; 2],
    }
}

/// What is asked for.
pub struct Answer {
    /// Lets a reader in; waits while a writer is inside.
    pub start_read: fn(lock: &Lock),
    /// A reader goes.
    pub end_read: fn(lock: &Lock),
    /// Lets a writer in; waits while anybody is inside.
    pub start_write: fn(lock: &Lock),
    /// A writer goes.
    pub end_write: fn(lock: &Lock),
}

impl crate::Answer for Answer {
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.reader_stays(),
            self.writer_stays(),
            self.reading_and_writing(1, 3, &mut dice),
            self.reading_and_writing(2, 1, &mut dice),
            self.two_writers(),
            self.readers_meet(),
        ])
    }
}

impl Answer {
    /// A writer replaces two words, and readers copy them.
    fn reading_and_writing(&self, readers: usize, preemptions: u32, dice: &mut Dice) -> Trial {
        let Self { start_read, end_read, start_write, end_write } = *self;
        let [word] = dice.distinct();
        let name = if readers == 1 { "a reader and a writer" } else { "two readers and a writer" };
        free(name)
            .process("writer", move |state| {
                start_write(&state.lock);
                state.words.iter().for_each(|place| place.store(word, Relaxed));
                end_write(&state.lock);
            })
            .processes(readers, "reader", move |_, state: &State| {
                start_read(&state.lock);
                let [first, second] = state.words.each_ref().map(|word| word.load(Relaxed));
                end_read(&state.lock);
                if first == second { String::new() } else { format!("{first} and {second}") }
            })
            .must(Failure::TornValue, "a reader sees both words of one write", move |end| {
                let seen = (1..=readers).filter_map(|reader| end.returned(reader));
                let torn = seen.filter(|seen| !seen.is_empty()).map(str::to_owned).next();
                torn.map_or(Ok(()), |torn| Err(format!("a reader saw {torn}")))
            })
            .preemptions(preemptions)
            .build()
    }

    /// Two writers count.
    fn two_writers(&self) -> Trial {
        let Self { start_write, end_write, .. } = *self;
        free("two writers")
            .processes(2, "writer", move |_, state: &State| {
                start_write(&state.lock);
                let [count, _] = &state.words;
                count.store(count.load(Relaxed) + 1, Relaxed);
                end_write(&state.lock);
            })
            .must(Failure::LostUpdate, "both writers' changes are kept", |end| {
                match end.shared.words[0].load(Relaxed) {
                    2 => Ok(()),
                    count => Err(format!("after two increments the count is {count}")),
                }
            })
            .build()
    }

    /// Each of two readers stays inside until the other is.
    fn readers_meet(&self) -> Trial {
        let Self { start_read, end_read, .. } = *self;
        free("two readers that wait for one another inside")
            .processes(2, "reader", move |me, state: &State| {
                start_read(&state.lock);
                state.met[1 - me].post().expect("a semaphore");
                state.met[me].wait().expect("a semaphore");
                end_read(&state.lock);
            })
            .build()
    }

    /// A writer comes while a reader stays inside.
    fn reader_stays(&self) -> Trial {
        let Self { start_read, start_write, .. } = *self;
        free("a writer, and a reader that does not go")
            .process("reader", move |state| stay(state, start_read))
            .process("writer", move |state| start_write(&state.lock))
            .nobody_comes()
            .build()
    }

    /// A reader comes while a writer stays inside.
    fn writer_stays(&self) -> Trial {
        let Self { start_read, start_write, .. } = *self;
        free("a reader, and a writer that does not go")
            .process("writer", move |state| stay(state, start_write))
            .process("reader", move |state| start_read(&state.lock))
            .nobody_comes()
            .build()
    }
}

/// Goes in, and waits for what does not come.
fn stay(state: &State, start: fn(&Lock)) {
    start(&state.lock);
    state.met[0].wait().expect("a semaphore");
}

fn free(name: &str) -> TrialBuilder<State> {
    let start = |semaphore: &Semaphore, value| semaphore.init(value).expect("a semaphore");
    Trial::named(name, move |state: &State| {
        start(&state.lock.room, 1);
        start(&state.lock.lock, 1);
        state.met.iter().for_each(|met| start(met, 0));
    })
    .must_free("lock.lock", |state| &state.lock.lock)
    .must_free("lock.room", |state| &state.lock.room)
}
