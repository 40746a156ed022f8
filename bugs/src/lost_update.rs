//! Lost update: two increments, each a load and a store.
//!
//! Source: the textbook's race on one counter.
//! Repaired: each is one atomic addition.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::Scenario;

use super::{Form, Program};

pub fn program() -> Program {
    Program::new("lost update", 2, "violated", 1, scenario)
}

fn scenario(form: Form) -> Scenario<AtomicU32> {
    Scenario::new("lost update", |_: &AtomicU32| {})
        .processes(2, "add", move |_, counter| match form {
            Form::Buggy => counter.store(counter.load(Relaxed) + 1, Relaxed),
            Form::Repaired => {
                counter.fetch_add(1, Relaxed);
            }
        })
        .invariant("both increments are kept", |end| match end.shared.load(Relaxed) {
            2 => Ok(()),
            n => Err(format!("the counter is {n}")),
        })
}
