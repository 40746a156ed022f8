//! Lazy01: a check that holds unless it comes last.
//!
//! Two additions and a check of the sum, each under the one lock. The check
//! believes that it never sees both additions.
//! Source: `lazy01_bad` of the ESBMC programs in SCTBench.
//! Repaired: the check knows of both.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Mutex, Start, give_all};
use super::{Form, Mean, Program, Published};

shared! {
    struct Sum { mutex: Mutex, sum: AtomicU32, starts: [Start; 3] }
}

pub fn program() -> Program {
    Program::new("lazy01", 4, "panicked", 0, scenario)
        .within_one_preemption()
        .published(Published::of(Mean::Of(21), Mean::Of(5), Mean::Of(5), Mean::Of(2)))
}

fn scenario(form: Form) -> Scenario<Sum> {
    let limit = if form == Form::Buggy { 2 } else { 3 };
    let add = |index: usize, amount: u32| {
        move |state: &Sum| {
            state.starts[index].wait();
            let _guard = state.mutex.lock();
            state.sum.store(state.sum.load(Relaxed) + amount, Relaxed);
        }
    };
    Scenario::new("lazy01", |state: &Sum| state.mutex.init())
        .process("main", |state| give_all(&state.starts))
        .process("add 1", add(0, 1))
        .process("add 2", add(1, 2))
        .process("check", move |state| {
            state.starts[2].wait();
            let _guard = state.mutex.lock();
            let sum = state.sum.load(Relaxed);
            assert!(sum <= limit, "the sum is {sum}");
        })
}
