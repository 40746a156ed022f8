//! Exercise `bounded-buffer`: producers and consumers share two places.
//!
//! Given: semaphores that count the free and the filled places, and one that is
//! the lock.

use std::sync::atomic::{AtomicU32, AtomicU64};

use shmkv::Semaphore;
use shmkv_harness::{End, shared};

use crate::{Dice, Failure, Trial, TrialBuilder, Work};

/// Places in a buffer.
pub const PLACES: usize = 2;

shared! {
    /// The buffer: a ring of places.
    pub struct Buffer {
        /// Counts free places.
        pub free: Semaphore,
        /// Counts filled places.
        pub filled: Semaphore,
        /// 1: free; 0: held.
        pub lock: Semaphore,
        /// How many items have been put so far; the next goes to this place,
        /// modulo [`PLACES`].
        pub put: AtomicU32,
        /// How many items have been taken so far.
        pub taken: AtomicU32,
        /// The places.
        pub items: [AtomicU64; PLACES],
    }
}

/// What is asked for.
pub struct Answer {
    /// Puts an item behind the others; waits while no place is free.
    pub put: fn(buffer: &Buffer, item: u64),
    /// Takes the item that was put first; waits while there is none.
    pub take: fn(buffer: &Buffer) -> u64,
}

impl crate::Answer for Answer {
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.nothing_to_take(),
            self.no_room(),
            self.in_order(&mut dice),
            self.two_producers(&mut dice),
            self.two_consumers(&mut dice),
        ])
    }
}

impl Answer {
    /// More items than places.
    fn in_order(&self, dice: &mut Dice) -> Trial {
        let (put, take) = (self.put, self.take);
        let items = dice.distinct::<3>();
        empty("one producer, one consumer")
            .process("producer", move |buffer| items.iter().for_each(|item| put(buffer, *item)))
            .process("consumer", move |buffer| items.map(|_| take(buffer).to_string()).join(" "))
            .must(Failure::WrongResult, "items are taken in the order in which they were put", {
                move |end| {
                    let wanted = items.map(|item| item.to_string()).join(" ");
                    match end.returned(1) {
                        Some(taken) if taken == wanted => Ok(()),
                        taken => Err(format!("put: {wanted}; taken: {}", taken.unwrap_or("none"))),
                    }
                }
            })
            .preemptions(1)
            .build()
    }

    fn two_producers(&self, dice: &mut Dice) -> Trial {
        let (put, take) = (self.put, self.take);
        let items = dice.distinct::<2>();
        let trial = empty("two producers")
            .processes(2, "producer", move |number, buffer| put(buffer, items[number]))
            .process("consumer", move |buffer| format!("{} {}", take(buffer), take(buffer)));
        all_taken(trial, items).preemptions(1).build()
    }

    fn two_consumers(&self, dice: &mut Dice) -> Trial {
        let (put, take) = (self.put, self.take);
        let items = dice.distinct::<2>();
        let trial = empty("two consumers")
            .process("producer", move |buffer| items.iter().for_each(|item| put(buffer, *item)))
            .processes(2, "consumer", move |_, buffer| take(buffer));
        all_taken(trial, items).preemptions(1).build()
    }

    fn nothing_to_take(&self) -> Trial {
        let take = self.take;
        empty("a consumer, and nothing to take").process("consumer", take).nobody_comes().build()
    }

    fn no_room(&self) -> Trial {
        let put = self.put;
        empty("a producer, and no room")
            .process("producer", move |buffer| (0..3).for_each(|item| put(buffer, item)))
            .nobody_comes()
            .build()
    }
}

fn empty(name: &str) -> TrialBuilder<Buffer> {
    let start = |semaphore: &Semaphore, value| semaphore.init(value).expect("a semaphore");
    Trial::named(name, move |buffer: &Buffer| {
        start(&buffer.free, PLACES as u32);
        start(&buffer.filled, 0);
        start(&buffer.lock, 1);
    })
    .must_free("lock", |buffer| &buffer.lock)
    .must_count("free", PLACES as u32, |buffer| &buffer.free)
}

/// What was put has been taken, each item once, whoever took it.
fn all_taken<const N: usize>(trial: TrialBuilder<Buffer>, items: [u64; N]) -> TrialBuilder<Buffer> {
    let trial = trial.must(Failure::LostUpdate, "what is put is taken, once", move |end| {
        let taken = taken(end);
        let times = |item: u64| taken.iter().filter(|taken| **taken == item).count();
        let wrong = items.into_iter().find(|item| times(*item) != 1);
        wrong.map_or(Ok(()), |item| Err(format!("{item} was taken {} times", times(item))))
    });
    trial.must(Failure::WrongResult, "what is taken has been put", move |end| {
        let strange = taken(end).into_iter().find(|item| !items.contains(item));
        strange.map_or(Ok(()), |item| Err(format!("{item} was taken, and never put")))
    })
}

/// The numbers that processes returned: producers return none.
fn taken(end: &End<'_, Buffer>) -> Vec<u64> {
    let texts = (0..end.processes.len()).filter_map(|process| end.returned(process));
    texts.flat_map(str::split_whitespace).filter_map(|item| item.parse().ok()).collect()
}
