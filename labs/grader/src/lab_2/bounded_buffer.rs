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
    /// Preemptions: a semaphore that is missing shows with one, between the look at a
    /// count and its change; two consumers that take from the same place while a
    /// producer fills it take two. More of both, and more items, are drawn.
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.nothing_to_take(),
            self.no_room(&mut dice),
            self.room_for_one(&mut dice),
            self.one_after_the_other(&mut dice),
            self.in_order(&mut dice),
            self.several::<2, 1, 2>("two producers", 1, &mut dice),
            self.several::<1, 2, 2>("two consumers", 1, &mut dice),
            self.several::<1, 2, 3>("two consumers and three items", 1, &mut dice),
            self.crowd(&mut dice),
        ])
    }
}

/// What a consumer says: all items that it took, one after the other.
fn take_some(take: fn(&Buffer) -> u64, buffer: &Buffer, count: usize) -> String {
    let items: Vec<String> = (0..count).map(|_| take(buffer).to_string()).collect();
    items.join(" ")
}

impl Answer {
    /// One process puts and takes, with one item in the buffer and with two.
    fn one_after_the_other(&self, dice: &mut Dice) -> Trial {
        let (put, take) = (self.put, self.take);
        let mut items = dice.distinct::<8>();
        // These are items like others, and the same item may be put again.
        items[dice.between(0, 2) as usize] = 0;
        items[3] = u64::MAX;
        items[5] = items[4];
        let trial = empty("puts and takes one after the other").process("user", move |buffer| {
            let (single, double) = items.split_at(4);
            let mut taken = Vec::new();
            for item in single {
                put(buffer, *item);
                taken.push(take(buffer));
            }
            for pair in double.chunks(2) {
                pair.iter().for_each(|item| put(buffer, *item));
                taken.extend(pair.iter().map(|_| take(buffer)));
            }
            taken.iter().map(u64::to_string).collect::<Vec<_>>().join(" ")
        });
        taken_in_order(trial, 0, items).build()
    }

    /// More items than places.
    fn in_order(&self, dice: &mut Dice) -> Trial {
        let (put, take) = (self.put, self.take);
        let items = dice.distinct::<3>();
        let trial = empty("one producer, one consumer")
            .process("producer", move |buffer| items.iter().for_each(|item| put(buffer, *item)))
            .process("consumer", move |buffer| take_some(take, buffer, items.len()));
        taken_in_order(trial, 1, items).preemptions(1).build()
    }

    /// So many producers and consumers share the work: items are divided among them.
    fn several<const PRODUCERS: usize, const CONSUMERS: usize, const ITEMS: usize>(
        &self,
        name: &str,
        preemptions: u32,
        dice: &mut Dice,
    ) -> Trial {
        let (put, take) = (self.put, self.take);
        let items = dice.distinct::<ITEMS>();
        // Who comes first in the list gets what is left over.
        let share = |of: usize, me: usize| (me..ITEMS).step_by(of);
        let trial = empty(name)
            .processes(PRODUCERS, "producer", move |me, buffer| {
                share(PRODUCERS, me).for_each(|item| put(buffer, items[item]));
            })
            .processes(CONSUMERS, "consumer", move |me, buffer| {
                take_some(take, buffer, share(CONSUMERS, me).count())
            });
        all_taken(trial, items).preemptions(preemptions).build()
    }

    /// Two producers and two consumers, and three times as many items as places.
    fn crowd(&self, dice: &mut Dice) -> Trial {
        let (put, take) = (self.put, self.take);
        let items = dice.distinct::<6>();
        let trial = empty("two producers and two consumers")
            .processes(2, "producer", move |me, buffer| {
                items[3 * me..][..3].iter().for_each(|item| put(buffer, *item));
            })
            .processes(2, "consumer", move |_, buffer| take_some(take, buffer, 3))
            .must(
                Failure::WrongResult,
                "what one consumer takes of one producer is in the order in which it was put",
                move |end| {
                    (2..4).try_for_each(|consumer| {
                        let said = end.returned(consumer).unwrap_or_default();
                        let taken = said.split(' ').filter_map(|item| item.parse().ok());
                        let places: Vec<usize> = taken
                            .filter_map(|taken: u64| items.iter().position(|item| *item == taken))
                            .collect();
                        let of =
                            |producer| places.iter().filter(move |place| **place / 3 == producer);
                        match (0..2).all(|producer| of(producer).is_sorted()) {
                            true => Ok(()),
                            false => Err(format!("consumer {} took {said}", consumer - 2)),
                        }
                    })
                },
            );
        all_taken(trial, items).drawn(100).build()
    }

    fn nothing_to_take(&self) -> Trial {
        let take = self.take;
        empty("a consumer, and nothing to take")
            .process("consumer", take)
            .nobody_comes("there was an item")
            .build()
    }

    fn no_room(&self, dice: &mut Dice) -> Trial {
        let put = self.put;
        let items = dice.distinct::<3>();
        empty("a producer, and no room")
            .process("producer", move |buffer| items.iter().for_each(|item| put(buffer, *item)))
            .nobody_comes("a place was free")
            .build()
    }

    /// One place was emptied, and it is filled again; then there is no room.
    fn room_for_one(&self, dice: &mut Dice) -> Trial {
        let (put, take) = (self.put, self.take);
        let items = dice.distinct::<5>();
        empty("a producer, and room for one more")
            .process("producer", move |buffer| {
                put(buffer, items[0]);
                put(buffer, items[1]);
                take(buffer);
                put(buffer, items[2]);
                take(buffer);
                put(buffer, items[3]);
                put(buffer, items[4]);
            })
            .nobody_comes("a place was free")
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
    .must_count("filled", 0, |buffer| &buffer.filled)
}

/// What process `taker` says is all that was put, in that order.
fn taken_in_order<const N: usize>(
    trial: TrialBuilder<Buffer>,
    taker: usize,
    items: [u64; N],
) -> TrialBuilder<Buffer> {
    let statement = "items are taken in the order in which they were put";
    trial.must(Failure::WrongResult, statement, move |end| {
        let wanted = items.map(|item| item.to_string()).join(" ");
        match end.returned(taker) {
            Some(taken) if taken == wanted => Ok(()),
            taken => Err(format!("put: {wanted}; taken: {}", taken.unwrap_or("none"))),
        }
    })
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
