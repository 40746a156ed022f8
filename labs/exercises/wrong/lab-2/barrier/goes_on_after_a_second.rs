//! Verdict: wrong result
//! Who has waited for a second goes on, whoever is missing.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use shmkv::{Deadline, Semaphore};
use shmkv_grader::lab_2::barrier::Barrier;

pub fn wait(barrier: &Barrier) {
    let [first, second] = &barrier.gates;
    let size = barrier.size.load(Relaxed);
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
    let _ = gate.wait_until(Deadline::after(Duration::from_secs(1)));
}
