//! Verdict: wrong result
//! Nobody waits.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_2::barrier::Barrier;

pub fn wait(barrier: &Barrier) {
    let _guard = barrier.lock.guard().expect("a semaphore");
    let arrived = barrier.arrived.load(Relaxed) + 1;
    barrier.arrived.store(arrived % barrier.size.load(Relaxed), Relaxed);
}
