//! Token ring: a value that is to be passed on in order, with nothing to keep it.
//!
//! Three processes copy a value from one to the next, each copy atomic. A fourth
//! looks whether all three are equal once all are done; they are only if the
//! copies were made in the order of the ring.
//! Source: `token_ring_bad` of the ESBMC programs in SCTBench.
//! Repaired: each waits for the one before it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Condition, Mutex, Start, give_all};
use super::{Form, Mean, Program, Published};

shared! {
    struct Ring {
        atomic: Mutex,
        changed: Condition,
        values: [AtomicU32; 3],
        done: [AtomicBool; 3],
        starts: [Start; 4],
    }
}

pub fn program() -> Program {
    Program::new("token ring", 5, "panicked", 0, scenario)
        .within_delays(2)
        .published(Published::of(Mean::Of(13), Mean::Of(8), Mean::Of(9), Mean::Of(8)))
}

fn scenario(form: Form) -> Scenario<Ring> {
    Scenario::new("token ring", |ring: &Ring| {
        ring.atomic.init();
        ring.changed.init();
        for (value, first) in ring.values.iter().zip([1, 2, 1]) {
            value.store(first, Relaxed);
        }
    })
    .process("main", |ring| give_all(&ring.starts))
    .processes(3, "copy", move |i, ring| {
        ring.starts[i].wait();
        let guard = ring.atomic.lock();
        while form == Form::Repaired && i > 0 && !ring.done[i - 1].load(Relaxed) {
            ring.changed.wait(&guard);
        }
        let before = ring.values[(i + 2) % 3].load(Relaxed);
        // The first one changes the value, so that it is seen to go round.
        let value = if i == 0 { (before + 1) % 4 } else { before };
        ring.values[i].store(value, Relaxed);
        ring.done[i].store(true, Relaxed);
        if form == Form::Repaired {
            ring.changed.wake_all();
        }
    })
    .process("check", |ring| {
        ring.starts[3].wait();
        let _guard = ring.atomic.lock();
        if ring.done.iter().all(|done| done.load(Relaxed)) {
            let values = ring.values.each_ref().map(|value| value.load(Relaxed));
            assert!(values[0] == values[1] && values[1] == values[2], "they are {values:?}");
        }
    })
}
