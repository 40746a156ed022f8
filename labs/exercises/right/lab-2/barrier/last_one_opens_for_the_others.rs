//! The last one does not wait itself, and each lets the next one through.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_2::barrier::Barrier;

pub fn wait(barrier: &Barrier) {
    let size = barrier.size.load(Relaxed);
    for (number, gate) in barrier.gates.iter().enumerate() {
        barrier.lock.wait().expect("a semaphore");
        let arrived = match number {
            0 => barrier.arrived.fetch_add(1, Relaxed) + 1,
            _ => size - (barrier.arrived.fetch_sub(1, Relaxed) - 1),
        };
        let last = arrived == size;
        barrier.lock.post().expect("a semaphore");
        if last {
            (1..size).for_each(|_| gate.post().expect("a semaphore"));
        } else {
            gate.wait().expect("a semaphore");
        }
    }
}
