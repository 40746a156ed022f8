//! Two-stage: two values that belong together, each with a lock of its own.
//!
//! A writer sets the first under the first lock, then the second under the second
//! lock. A reader between the two sees the first without the second. Once any
//! writer is through, no reader can see it any more.
//! Source: `twostage_bad` and its larger forms in SCTBench.
//! Repaired: both lock the first around the second.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Mutex, Start, give_all};
use super::{Form, Mean, Program, Published};

/// The most writers and readers together.
const MOST: usize = 19;

shared! {
    struct Stages {
        first_lock: Mutex,
        second_lock: Mutex,
        first: AtomicU32,
        second: AtomicU32,
        starts: [Start; MOST],
    }
}

/// With one writer: three processes.
pub fn small() -> Program {
    Program::new("two-stage", 3, "panicked", 1, |form| scenario("two-stage", 1, form))
        .published(Published::of(Mean::Of(464), Mean::Of(13), Mean::Of(15), Mean::Of(8)))
}

/// With eighteen writers: twenty processes.
pub fn large() -> Program {
    let writers = MOST - 1;
    let build = move |form| scenario("two-stage 20", writers, form);
    Program::new("two-stage 20", MOST + 1, "panicked", 1, build)
        .within_delays(1)
        .published(Published::of(Mean::Never, Mean::Of(159), Mean::Of(156), Mean::Of(6)))
}

fn scenario(name: &str, writers: usize, form: Form) -> Scenario<Stages> {
    Scenario::new(name, |state: &Stages| {
        state.first_lock.init();
        state.second_lock.init();
    })
    .process("main", move |state| give_all(&state.starts[..=writers]))
    .processes(writers, "writer", move |i, state| {
        state.starts[i].wait();
        let guard = state.first_lock.lock();
        state.first.store(1, Relaxed);
        let kept = (form == Form::Repaired).then_some(guard);
        let _guard = state.second_lock.lock();
        state.second.store(state.first.load(Relaxed) + 1, Relaxed);
        drop(kept);
    })
    .process("reader", move |state| {
        state.starts[writers].wait();
        let guard = state.first_lock.lock();
        let first = state.first.load(Relaxed);
        if first == 0 {
            return;
        }
        let kept = (form == Form::Repaired).then_some(guard);
        let second_guard = state.second_lock.lock();
        let second = state.second.load(Relaxed);
        drop(second_guard);
        drop(kept);
        assert_eq!(second, first + 1, "the second value");
    })
}
