//! Verdict: torn value
//! A reader waits until the room is free, and goes in without taking it.

use shmkv_grader::lab_2::readers_writer::Lock;

pub fn start_read(lock: &Lock) {
    lock.room.wait().expect("a semaphore");
    lock.room.post().expect("a semaphore");
}

pub fn end_read(_: &Lock) {}

pub fn start_write(lock: &Lock) {
    lock.room.wait().expect("a semaphore");
}

pub fn end_write(lock: &Lock) {
    lock.room.post().expect("a semaphore");
}
