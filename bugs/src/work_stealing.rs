//! Work-stealing queue: the owner and a thief both take the last item.
//!
//! The owner pushes and pops at the tail without a lock; thieves take from the
//! head under one. Each side announces what it takes before it looks at the
//! other's end. Here the owner looks first, and announces then.
//! Source: Frigo, Leiserson & Randall, "The Implementation of the Cilk-5
//! Multithreaded Language", PLDI 1998 (the protocol, "THE"); the test is that of
//! `WorkStealQueue` in CHESS and SCTBench, and the fault one of the kind that
//! Musuvathi & Qadeer, PLDI 2007, were given.
//! Repaired: the owner announces first.

use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::SeqCst};

use shmkv_harness::{Scenario, shared};

use super::sync::{Mutex, Start, give_all};
use super::{Form, Mean, Program, Published};

const ITEMS: usize = 4;
const THIEVES: usize = 2;
const ATTEMPTS: usize = 2;

shared! {
    /// Items `head..tail` are in the queue. All accesses are SeqCst: the protocol
    /// needs each side to see the other's announcement.
    struct Queue {
        lock: Mutex,
        head: AtomicI32,
        tail: AtomicI32,
        items: [AtomicU32; ITEMS],
        /// How often each item was taken.
        taken: [AtomicU32; ITEMS],
        starts: [Start; THIEVES],
    }
}

pub fn program() -> Program {
    Program::new("work-stealing queue", 1 + THIEVES, "violated", 1, scenario)
        .within_one_preemption()
        .published(Published::of(Mean::Unknown, Mean::Of(48), Mean::Of(12), Mean::Of(6)))
}

fn scenario(form: Form) -> Scenario<Queue> {
    Scenario::new("work-stealing queue", |queue: &Queue| queue.lock.init())
        .process("owner", move |queue| {
            give_all(&queue.starts);
            for item in 0..ITEMS as u32 {
                push(queue, item);
                if item % 2 == 1 {
                    take(queue, pop(queue, form));
                }
            }
            for _ in 0..ITEMS / 2 {
                take(queue, pop(queue, form));
            }
        })
        .processes(THIEVES, "thief", |i, queue| {
            queue.starts[i].wait();
            for _ in 0..ATTEMPTS {
                take(queue, steal(queue));
            }
        })
        .invariant("each item is taken once", |end| {
            let taken = end.shared.taken.each_ref().map(|count| count.load(SeqCst));
            if taken == [1; ITEMS] { Ok(()) } else { Err(format!("taken {taken:?} times")) }
        })
}

fn take(queue: &Queue, item: Option<u32>) {
    if let Some(item) = item {
        queue.taken[item as usize].fetch_add(1, SeqCst);
    }
}

fn push(queue: &Queue, item: u32) {
    let tail = queue.tail.load(SeqCst);
    slot(queue, tail).store(item, SeqCst);
    queue.tail.store(tail + 1, SeqCst);
}

fn pop(queue: &Queue, form: Form) -> Option<u32> {
    let tail = queue.tail.load(SeqCst) - 1;
    let head = match form {
        Form::Buggy => {
            let head = queue.head.load(SeqCst);
            queue.tail.store(tail, SeqCst);
            head
        }
        Form::Repaired => {
            queue.tail.store(tail, SeqCst);
            queue.head.load(SeqCst)
        }
    };
    if head <= tail {
        return Some(slot(queue, tail).load(SeqCst));
    }
    // A thief may be after the same item: the lock decides.
    queue.tail.store(tail + 1, SeqCst);
    let _guard = queue.lock.lock();
    if queue.head.load(SeqCst) > tail {
        return None;
    }
    queue.tail.store(tail, SeqCst);
    Some(slot(queue, tail).load(SeqCst))
}

fn steal(queue: &Queue) -> Option<u32> {
    let _guard = queue.lock.lock();
    let head = queue.head.load(SeqCst);
    queue.head.store(head + 1, SeqCst);
    if head < queue.tail.load(SeqCst) {
        return Some(slot(queue, head).load(SeqCst));
    }
    queue.head.store(head, SeqCst);
    None
}

fn slot(queue: &Queue, index: i32) -> &AtomicU32 {
    &queue.items[index as usize % ITEMS]
}
