//! Verdict: wrong result
//! Who has waited for an item for five seconds takes what lies there.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmkv::Deadline;
use shmkv_grader::lab_2::bounded_buffer::{Buffer, PLACES};

pub fn put(buffer: &Buffer, item: u64) {
    buffer.free.wait().expect("a semaphore");
    {
        let _guard = buffer.lock.guard().expect("a semaphore");
        let number = buffer.put.load(Relaxed);
        buffer.items[number as usize % PLACES].store(item, Relaxed);
        buffer.put.store(number + 1, Relaxed);
    }
    buffer.filled.post().expect("a semaphore");
}

pub fn take(buffer: &Buffer) -> u64 {
    let _ = buffer.filled.wait_until(Deadline::after(Duration::from_secs(5)));
    let item = {
        let _guard = buffer.lock.guard().expect("a semaphore");
        let number = buffer.taken.load(Relaxed);
        buffer.taken.store(number + 1, Relaxed);
        buffer.items[number as usize % PLACES].load(Relaxed)
    };
    buffer.free.post().expect("a semaphore");
    item
}
