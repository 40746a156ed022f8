//! Wrong lock: one value, guarded by two locks.
//!
//! Seven processes add one under one lock. One adds one under another lock, and
//! finds that the value changed by more than that.
//! Source: `wronglock_bad` in SCTBench.
//! Repaired: all use the same lock.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Mutex, Start, give_all};
use super::{Form, Mean, Program, Published};

const OTHERS: usize = 7;

shared! {
    struct Guarded {
        data_lock: Mutex,
        this_lock: Mutex,
        data: AtomicU32,
        starts: [Start; OTHERS + 1],
    }
}

pub fn program() -> Program {
    Program::new("wrong lock", OTHERS + 2, "panicked", 1, scenario)
        .within_delays(2)
        .published(Published::of(Mean::Of(36), Mean::Of(51), Mean::Of(10), Mean::Of(7)))
}

fn scenario(form: Form) -> Scenario<Guarded> {
    Scenario::new("wrong lock", |state: &Guarded| {
        state.data_lock.init();
        state.this_lock.init();
    })
    .process("main", |state| give_all(&state.starts))
    .process("careful", |state| {
        state.starts[0].wait();
        let _guard = state.data_lock.lock();
        let before = state.data.load(Relaxed);
        add_one(state);
        let after = state.data.load(Relaxed);
        assert_eq!(after, before + 1, "the value");
    })
    .processes(OTHERS, "other", move |i, state| {
        state.starts[i + 1].wait();
        let lock = if form == Form::Buggy { &state.this_lock } else { &state.data_lock };
        let _guard = lock.lock();
        add_one(state);
    })
}

fn add_one(state: &Guarded) {
    state.data.store(state.data.load(Relaxed) + 1, Relaxed);
}
