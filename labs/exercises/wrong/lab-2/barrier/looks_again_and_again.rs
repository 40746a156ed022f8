//! Verdict: livelock
//! Who has to wait keeps the processor busy instead.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_2::barrier::Barrier;

pub fn wait(barrier: &Barrier) {
    let size = barrier.size.load(Relaxed);
    let arrived = barrier.arrived.fetch_add(1, Relaxed) + 1;
    let wanted = arrived.div_ceil(size) * size;
    while barrier.arrived.load(Relaxed) < wanted {
        std::hint::spin_loop();
    }
}
