//! Reorder: two stores without a lock, and one that looks between them.
//!
//! All setters store the same two values; a checker expects neither or both. The
//! more setters there are, the sooner one of them is through, after which
//! nothing can be seen.
//! Source: `reorder_3_bad` and its larger forms in SCTBench.
//! Repaired: setters and checker take one lock.

use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Mutex, Start, give_all};
use super::{Form, Mean, Program, Published};

/// The most setters and checkers together.
const MOST: usize = 10;

shared! {
    struct Pair { mutex: Mutex, a: AtomicI32, b: AtomicI32, starts: [Start; MOST] }
}

/// With two setters: four processes.
pub fn small() -> Program {
    Program::new("reorder 3", 4, "panicked", 1, |form| scenario("reorder 3", 2, form))
        .within_one_preemption()
        .published(Published::of(Mean::Never, Mean::Of(185), Mean::Of(86), Mean::Of(7)))
}

/// With four setters: six processes.
pub fn medium() -> Program {
    Program::new("reorder 5", 6, "panicked", 1, |form| scenario("reorder 5", 4, form))
        .within_delays(2)
        .published(Published::of(Mean::Never, Mean::Of(647), Mean::Of(2169), Mean::Of(10)))
}

/// With nine setters: eleven processes.
pub fn large() -> Program {
    Program::new("reorder 10", 11, "panicked", 1, |form| scenario("reorder 10", 9, form))
        .within_delays(2)
        .published(Published::of(Mean::Never, Mean::AtLeast(3225), Mean::Never, Mean::Of(17)))
}

fn scenario(name: &str, setters: usize, form: Form) -> Scenario<Pair> {
    Scenario::new(name, |pair: &Pair| pair.mutex.init())
        .process("main", move |pair| give_all(&pair.starts[..=setters]))
        .processes(setters, "set", move |i, pair| {
            pair.starts[i].wait();
            let _guard = (form == Form::Repaired).then(|| pair.mutex.lock());
            pair.a.store(1, Relaxed);
            pair.b.store(-1, Relaxed);
        })
        .process("check", move |pair| {
            pair.starts[setters].wait();
            let _guard = (form == Form::Repaired).then(|| pair.mutex.lock());
            let (a, b) = (pair.a.load(Relaxed), pair.b.load(Relaxed));
            assert!((a, b) == (0, 0) || (a, b) == (1, -1), "they are {a} and {b}");
        })
}
