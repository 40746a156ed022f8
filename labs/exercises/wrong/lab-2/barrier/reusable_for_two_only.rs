//! Verdict: deadlock
//! More than two processes meet once.

use std::sync::atomic::Ordering::Relaxed;

use shmkv::Semaphore;
use shmkv_grader::lab_2::barrier::Barrier;

pub fn wait(barrier: &Barrier) {
    let [first, second] = &barrier.gates;
    let size = barrier.size.load(Relaxed);
    meet(barrier, first, size, |arrived| arrived + 1, size);
    if size <= 2 {
        meet(barrier, second, size, |arrived| arrived - 1, 0);
    }
}

/// Whoever makes the count `last` opens `gate` for `size` processes.
fn meet(barrier: &Barrier, gate: &Semaphore, size: u32, count: fn(u32) -> u32, last: u32) {
    {
        let _guard = barrier.lock.guard().expect("a semaphore");
        let arrived = count(barrier.arrived.load(Relaxed));
        barrier.arrived.store(arrived, Relaxed);
        if arrived == last {
            (0..size).for_each(|_| gate.post().expect("a semaphore"));
        }
    }
    gate.wait().expect("a semaphore");
}
