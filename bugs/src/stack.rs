//! Stack: a flag that says "something was pushed", and is never taken back.
//!
//! One pushes ten times, one pops ten times if the flag is set, each time under
//! the lock. Two pops after one push find nothing.
//! Source: `stack_bad` of the ESBMC programs in SCTBench.
//! Repaired: a pop that empties the stack clears the flag.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Mutex, Start, give_all};
use super::{Form, Mean, Program, Published};

const SIZE: u32 = 10;

shared! {
    struct Stack {
        mutex: Mutex,
        top: AtomicU32,
        pushed: AtomicBool,
        values: [AtomicU32; SIZE as usize],
        starts: [Start; 2],
    }
}

pub fn program() -> Program {
    Program::new("stack", 3, "panicked", 1, scenario)
        .within_one_preemption()
        .published(Published::of(Mean::Of(176), Mean::Of(3), Mean::Of(2), Mean::Of(5)))
}

fn scenario(form: Form) -> Scenario<Stack> {
    Scenario::new("stack", |stack: &Stack| stack.mutex.init())
        .process("main", |stack| give_all(&stack.starts))
        .process("push", |stack| {
            stack.starts[0].wait();
            for value in 0..SIZE {
                let _guard = stack.mutex.lock();
                let top = stack.top.load(Relaxed);
                assert!(top < SIZE, "the stack is full");
                stack.values[top as usize].store(value, Relaxed);
                stack.top.store(top + 1, Relaxed);
                stack.pushed.store(true, Relaxed);
            }
        })
        .process("pop", move |stack| {
            stack.starts[1].wait();
            for _ in 0..SIZE {
                let _guard = stack.mutex.lock();
                if stack.pushed.load(Relaxed) {
                    pop(stack, form);
                }
            }
        })
}

fn pop(stack: &Stack, form: Form) -> u32 {
    let top = stack.top.load(Relaxed);
    assert!(top > 0, "the stack is empty");
    stack.top.store(top - 1, Relaxed);
    if form == Form::Repaired && top == 1 {
        stack.pushed.store(false, Relaxed);
    }
    stack.values[top as usize - 1].load(Relaxed)
}
