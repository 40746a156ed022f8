//! Store order: a flag that is raised one store too early.
//!
//! The writer raises the flag, then stores the value; the two stores stand next
//! to each other, and a reader between them takes the old value for the new one.
//! Source: the textbook's message passing, with its stores swapped.
//! Repaired: the value first.

use std::sync::atomic::{AtomicU32, Ordering::Acquire, Ordering::Release};

use shmkv_harness::{Scenario, shared};

use super::{Form, Program};

shared! {
    struct Message { ready: AtomicU32, value: AtomicU32 }
}

pub fn program() -> Program {
    Program::new("store order", 2, "panicked", 1, scenario)
}

fn scenario(form: Form) -> Scenario<Message> {
    Scenario::new("store order", |_: &Message| {})
        .process("writer", move |message| {
            // Release pairs with the reader's Acquire; it keeps the repaired
            // order on every machine, and in the other there is nothing to keep.
            let (first, second) = match form {
                Form::Buggy => (&message.ready, &message.value),
                Form::Repaired => (&message.value, &message.ready),
            };
            first.store(1, Release);
            second.store(1, Release);
        })
        .process("reader", |message| {
            if message.ready.load(Acquire) == 1 {
                assert_eq!(message.value.load(Acquire), 1, "the value");
            }
        })
}
