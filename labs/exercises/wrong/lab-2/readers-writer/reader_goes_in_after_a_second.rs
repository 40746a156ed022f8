//! Verdict: wrong result
//! Who has waited for the room for a second goes in.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmkv::Deadline;
use shmkv_grader::lab_2::readers_writer::Lock;

pub fn start_read(lock: &Lock) {
    let _guard = lock.lock.guard().expect("a semaphore");
    let inside = lock.readers.load(Relaxed);
    if inside == 0 {
        let _ = lock.room.wait_until(Deadline::after(Duration::from_secs(1)));
    }
    lock.readers.store(inside + 1, Relaxed);
}

pub fn end_read(lock: &Lock) {
    let _guard = lock.lock.guard().expect("a semaphore");
    let inside = lock.readers.load(Relaxed);
    lock.readers.store(inside - 1, Relaxed);
    if inside == 1 {
        lock.room.post().expect("a semaphore");
    }
}

pub fn start_write(lock: &Lock) {
    lock.room.wait().expect("a semaphore");
}

pub fn end_write(lock: &Lock) {
    lock.room.post().expect("a semaphore");
}
