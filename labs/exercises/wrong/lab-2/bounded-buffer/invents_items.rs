//! Verdict: wrong result
//! What is taken is what an example might have put.

use shmkv_grader::lab_2::bounded_buffer::Buffer;

pub fn put(buffer: &Buffer, _: u64) {
    buffer.filled.post().expect("a semaphore");
}

pub fn take(buffer: &Buffer) -> u64 {
    buffer.filled.wait().expect("a semaphore");
    42
}
