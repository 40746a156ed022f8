//! Lab 2, write: producers and consumers share two places.
//!
//! Goal: `put` puts an item behind the others, and waits while no place is free.
//! `take` takes the item that was put first, and waits while there is none.
//!
//! Given: `Buffer` with
//! - `free`, a semaphore that begins at `PLACES` (2): counts free places;
//! - `filled`, a semaphore that begins at 0: counts filled places;
//! - `lock`, a semaphore that begins at 1;
//! - `put` and `taken`, two `AtomicU32`: how many items have been put and taken
//!   so far, so that the next one goes to place `put % PLACES`;
//! - `items: [AtomicU64; PLACES]`, the places.
//!
//! A semaphore has `wait()` and `post()`, both of which return a `Result` that
//! is never an error here, and `guard()`, which waits and posts when what it
//! returns is dropped. Below is what does not wait; it fails.
//!
//! What must hold, whoever goes when:
//! 1. what is put is taken, once, by some process, and nothing else is;
//! 2. one producer's items are taken in the order in which they were put;
//! 3. who has to wait sleeps: no loop looks again and again;
//! 4. in the end all semaphores stand as they should.
//!
//! Memory orderings are not judged: accesses are simulated in program order, and this
//! processor hides most that are too weak. Choose them all the same.
//!
//! Check: cargo run --bin labs -- check bounded-buffer

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_2::bounded_buffer::{Buffer, PLACES};

pub fn put(buffer: &Buffer, item: u64) {
    let number = buffer.put.load(Relaxed);
    buffer.items[number as usize % PLACES].store(item, Relaxed);
    buffer.put.store(number + 1, Relaxed);
}

pub fn take(buffer: &Buffer) -> u64 {
    let number = buffer.taken.load(Relaxed);
    let item = buffer.items[number as usize % PLACES].load(Relaxed);
    buffer.taken.store(number + 1, Relaxed);
    item
}
