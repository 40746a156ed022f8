//! Verdict: panic
//! A third reader is not counted.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_2::readers_writer::Lock;

pub fn start_read(lock: &Lock) {
    let _guard = lock.lock.guard().expect("a semaphore");
    let inside = lock.readers.load(Relaxed);
    if inside == 0 {
        lock.room.wait().expect("a semaphore");
    }
    lock.readers.store((inside + 1).min(2), Relaxed);
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
