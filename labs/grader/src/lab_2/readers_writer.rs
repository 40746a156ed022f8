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
#[derive(Clone, Copy)]
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
    /// Preemptions: one reader against the writer takes three to go in and out between
    /// its steps; the count of two readers is spoiled by one between its look and its
    /// change, and one more lets the writer in. Of more readers the count is looked at
    /// in order, and the rest is drawn.
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        let readers = dice.between(3, 6) as u32;
        Work::Write(vec![
            self.readers_stay(1),
            self.readers_stay(2),
            self.readers_stay(readers),
            self.writer_stays(true),
            self.writer_stays(false),
            self.one_after_the_other(readers),
            self.reading_and_writing(1, 3, &mut dice).build(),
            self.reading_and_writing(2, 2, &mut dice).build(),
            self.two_writers(),
            self.readers_meet(),
            self.crowd(&mut dice),
        ])
    }
}

impl Answer {
    /// A writer replaces two words, and readers copy them.
    fn reading_and_writing(
        &self,
        readers: usize,
        preemptions: u32,
        dice: &mut Dice,
    ) -> TrialBuilder<State> {
        let answer = *self;
        let [word] = dice.distinct();
        let name = if readers == 1 { "a reader and a writer" } else { "two readers and a writer" };
        let trial = free(name).process("writer", move |state| answer.write(state, word)).processes(
            readers,
            "reader",
            move |_, state: &State| answer.copy(state),
        );
        nobody_sees_half(trial).preemptions(preemptions)
    }

    /// Three readers and two writers, each of them twice.
    fn crowd(&self, dice: &mut Dice) -> Trial {
        let answer = *self;
        let words = dice.distinct::<4>();
        let trial = free("three readers and two writers")
            .processes(2, "writer", move |me, state: &State| {
                words[2 * me..][..2].iter().for_each(|word| answer.write(state, *word));
            })
            .processes(3, "reader", move |_, state: &State| {
                let first = answer.copy(state);
                if first.is_empty() { answer.copy(state) } else { first }
            });
        nobody_sees_half(trial).drawn(60).build()
    }

    fn write(&self, state: &State, word: u64) {
        (self.start_write)(&state.lock);
        state.words.iter().for_each(|place| place.store(word, Relaxed));
        (self.end_write)(&state.lock);
    }

    /// Says what it saw, where that is half of one write.
    fn copy(&self, state: &State) -> String {
        (self.start_read)(&state.lock);
        let [first, second] = state.words.each_ref().map(|word| word.load(Relaxed));
        (self.end_read)(&state.lock);
        if first == second { String::new() } else { format!("{first} and {second}") }
    }

    /// One process does it all, so that nobody has to wait.
    fn one_after_the_other(&self, readers: u32) -> Trial {
        let Self { start_read, end_read, start_write, end_write } = *self;
        free("readers and writers one after the other")
            .process("user", move |state| {
                for inside in [1, readers, 2] {
                    (0..inside).for_each(|_| start_read(&state.lock));
                    (0..inside).for_each(|_| end_read(&state.lock));
                    start_write(&state.lock);
                    end_write(&state.lock);
                }
                start_write(&state.lock);
                end_write(&state.lock);
            })
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

    /// So many readers come, and all but one go again. A writer waits for that one.
    fn readers_stay(&self, readers: u32) -> Trial {
        let Self { start_read, end_read, start_write, .. } = *self;
        free(&format!("a writer, and {readers} readers of which one does not go"))
            .process("readers", move |state| {
                (0..readers).for_each(|_| start_read(&state.lock));
                (1..readers).for_each(|_| end_read(&state.lock));
                state.met[0].wait().expect("a semaphore");
            })
            .process("writer", move |state| start_write(&state.lock))
            .nobody_comes("the last reader had gone")
            .build()
    }

    /// A reader, or another writer, comes while a writer stays inside.
    fn writer_stays(&self, reader: bool) -> Trial {
        let Self { start_read, start_write, .. } = *self;
        let (who, start) =
            if reader { ("reader", start_read) } else { ("second writer", start_write) };
        free(&format!("a {who}, and a writer that does not go"))
            .process("writer", move |state| {
                start_write(&state.lock);
                state.met[0].wait().expect("a semaphore");
            })
            .process(who, move |state| start(&state.lock))
            .nobody_comes("the writer had gone")
            .build()
    }
}

fn nobody_sees_half(trial: TrialBuilder<State>) -> TrialBuilder<State> {
    trial.must(Failure::TornValue, "a reader sees both words of one write", |end| {
        let seen = (0..end.processes.len()).filter_map(|process| end.returned(process));
        let torn = seen.filter(|seen| !seen.is_empty()).map(str::to_owned).next();
        torn.map_or(Ok(()), |torn| Err(format!("a reader saw {torn}")))
    })
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
