//! Verdict: wrong result
//! It waits for no more than three.

use std::sync::atomic::Ordering::Relaxed;

use shmkv::Semaphore;
use shmkv_grader::lab_2::barrier::Barrier;

pub fn wait(barrier: &Barrier) {
    let [first, second] = &barrier.gates;
    let size = barrier.size.load(Relaxed).min(3);
    meet(barrier, first, size, |arrived| arrived + 1, size);
    meet(barrier, second, size, |arrived| arrived - 1, 0);
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
