//! Verdict: crash
//! Who has arrived makes a file; when there are as many as there should be, all go on.

use std::fs;
use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_2::barrier::Barrier;

pub fn wait(barrier: &Barrier) {
    let size = barrier.size.load(Relaxed) as usize;
    let _ = fs::create_dir("/dev/shm/labs-barrier");
    let _ = fs::write(format!("/dev/shm/labs-barrier/{}", std::process::id()), "here");
    while fs::read_dir("/dev/shm/labs-barrier").map_or(0, Iterator::count) < size {}
}
