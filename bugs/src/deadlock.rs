//! Deadlock01: two locks, taken in opposite orders.
//!
//! Source: `deadlock01_bad` of the ESBMC programs in SCTBench.
//! Repaired: both take them in one order.

use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Mutex, Start, give_all};
use super::{Form, Mean, Program, Published};

shared! {
    struct Locks { first: Mutex, second: Mutex, counter: AtomicI32, starts: [Start; 2] }
}

pub fn program() -> Program {
    Program::new("deadlock01", 3, "deadlock", 1, scenario).published(Published::of(
        Mean::Of(3),
        Mean::Of(13),
        Mean::Of(4),
        Mean::Of(2),
    ))
}

fn scenario(form: Form) -> Scenario<Locks> {
    Scenario::new("deadlock01", |locks: &Locks| {
        locks.first.init();
        locks.second.init();
    })
    .process("main", |locks| give_all(&locks.starts))
    .process("up", |locks| {
        locks.starts[0].wait();
        add_under(&locks.first, &locks.second, &locks.counter, 1);
    })
    .process("down", move |locks| {
        locks.starts[1].wait();
        let (outer, inner) = match form {
            Form::Buggy => (&locks.second, &locks.first),
            Form::Repaired => (&locks.first, &locks.second),
        };
        add_under(outer, inner, &locks.counter, -1);
    })
}

fn add_under(outer: &Mutex, inner: &Mutex, counter: &AtomicI32, amount: i32) {
    let _outer = outer.lock();
    let _inner = inner.lock();
    counter.store(counter.load(Relaxed) + amount, Relaxed);
}
