//! Verdict: deadlock
//! On one way out it forgets to give the lock back.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_2::bounded_buffer::{Buffer, PLACES};

pub fn put(buffer: &Buffer, item: u64) {
    buffer.free.wait().expect("a semaphore");
    buffer.lock.wait().expect("a semaphore");
    let number = buffer.put.load(Relaxed);
    buffer.items[number as usize % PLACES].store(item, Relaxed);
    buffer.put.store(number + 1, Relaxed);
    buffer.filled.post().expect("a semaphore");
    if number as usize >= PLACES {
        return;
    }
    buffer.lock.post().expect("a semaphore");
}

pub fn take(buffer: &Buffer) -> u64 {
    buffer.filled.wait().expect("a semaphore");
    let guard = buffer.lock.guard().expect("a semaphore");
    let number = buffer.taken.load(Relaxed);
    buffer.taken.store(number + 1, Relaxed);
    let item = buffer.items[number as usize % PLACES].load(Relaxed);
    drop(guard);
    buffer.free.post().expect("a semaphore");
    item
}
