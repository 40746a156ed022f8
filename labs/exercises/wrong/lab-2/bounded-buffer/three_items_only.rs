//! Verdict: wrong result
//! From the fourth item on all are put into the first place.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_2::bounded_buffer::{Buffer, PLACES};

pub fn put(buffer: &Buffer, item: u64) {
    buffer.free.wait().expect("a semaphore");
    {
        let _guard = buffer.lock.guard().expect("a semaphore");
        let number = buffer.put.load(Relaxed);
        let place = if number < 3 { number as usize % PLACES } else { 0 };
        buffer.items[place].store(item, Relaxed);
        buffer.put.store(number + 1, Relaxed);
    }
    buffer.filled.post().expect("a semaphore");
}

pub fn take(buffer: &Buffer) -> u64 {
    buffer.filled.wait().expect("a semaphore");
    let item = {
        let _guard = buffer.lock.guard().expect("a semaphore");
        let number = buffer.taken.load(Relaxed);
        buffer.taken.store(number + 1, Relaxed);
        buffer.items[number as usize % PLACES].load(Relaxed)
    };
    buffer.free.post().expect("a semaphore");
    item
}
