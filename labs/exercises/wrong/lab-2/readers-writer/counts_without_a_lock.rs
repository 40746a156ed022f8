//! Verdict: torn value
//! The second reader goes in while the first still waits for the room.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_2::readers_writer::Lock;

pub fn start_read(lock: &Lock) {
    if lock.readers.fetch_add(1, Relaxed) == 0 {
        lock.room.wait().expect("a semaphore");
    }
}

pub fn end_read(lock: &Lock) {
    if lock.readers.fetch_sub(1, Relaxed) == 1 {
        lock.room.post().expect("a semaphore");
    }
}

pub fn start_write(lock: &Lock) {
    lock.room.wait().expect("a semaphore");
}

pub fn end_write(lock: &Lock) {
    lock.room.post().expect("a semaphore");
}
