//! Waits with a deadline, in a loop: it sleeps all the same.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmkv::{Deadline, Semaphore};
use shmkv_grader::lab_2::bounded_buffer::{Buffer, PLACES};

pub fn put(buffer: &Buffer, item: u64) {
    take_one(&buffer.free);
    {
        let _guard = buffer.lock.guard().expect("a semaphore");
        let number = buffer.put.load(Relaxed);
        buffer.items[number as usize % PLACES].store(item, Relaxed);
        buffer.put.store(number + 1, Relaxed);
    }
    buffer.filled.post().expect("a semaphore");
}

fn take_one(semaphore: &Semaphore) {
    while semaphore.wait_until(Deadline::after(Duration::from_secs(1))).is_err() {}
}

pub fn take(buffer: &Buffer) -> u64 {
    take_one(&buffer.filled);
    let item = {
        let _guard = buffer.lock.guard().expect("a semaphore");
        let number = buffer.taken.load(Relaxed);
        buffer.taken.store(number + 1, Relaxed);
        buffer.items[number as usize % PLACES].load(Relaxed)
    };
    buffer.free.post().expect("a semaphore");
    item
}
