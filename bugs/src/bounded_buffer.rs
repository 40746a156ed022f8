//! Bounded buffer: producers and consumers wait on one condition variable.
//!
//! A buffer for one item. A consumer that takes it wakes one process, meant to be
//! a producer; where it is the other consumer, that finds nothing and waits
//! again, and nobody is left to wake the producer.
//! Source: Tom Cargill's bounded buffer, told by Don Wells on the "Extreme
//! Programming Challenge Fourteen" page, 2000.
//! Repaired: all that wait are woken.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Condition, Mutex};
use super::{Form, Program};

const ITEMS: u32 = 2;

shared! {
    struct Buffer { mutex: Mutex, changed: Condition, full: AtomicU32, item: AtomicU32 }
}

pub fn program() -> Program {
    Program::new("bounded buffer", 3, "deadlock", 0, scenario).within_one_preemption()
}

fn scenario(form: Form) -> Scenario<Buffer> {
    Scenario::new("bounded buffer", |buffer: &Buffer| {
        buffer.mutex.init();
        buffer.changed.init();
    })
    .process("producer", move |buffer| (0..ITEMS).for_each(|item| put(buffer, item, form)))
    .processes(ITEMS as usize, "consumer", move |_, buffer| get(buffer, form))
}

fn put(buffer: &Buffer, item: u32, form: Form) {
    let guard = buffer.mutex.lock();
    while buffer.full.load(Relaxed) == 1 {
        buffer.changed.wait(&guard);
    }
    buffer.item.store(item, Relaxed);
    buffer.full.store(1, Relaxed);
    wake(buffer, form);
}

fn get(buffer: &Buffer, form: Form) -> u32 {
    let guard = buffer.mutex.lock();
    while buffer.full.load(Relaxed) == 0 {
        buffer.changed.wait(&guard);
    }
    let item = buffer.item.load(Relaxed);
    buffer.full.store(0, Relaxed);
    wake(buffer, form);
    item
}

fn wake(buffer: &Buffer, form: Form) {
    match form {
        Form::Buggy => buffer.changed.wake_one(),
        Form::Repaired => buffer.changed.wake_all(),
    }
}
