//! Variants of the labs' scenarios that the chapters ask questions about.

use std::sync::atomic::Ordering::Relaxed;

use shmkv::Semaphore;
use shmkv_harness::{Scenario, shared};
use shmkv_labs::table::{FREE, key, key_for, written_by};
use shmkv_labs::{lab_1, lab_2};

/// Lab 1's set, with version and count each added to in one step.
pub fn fetch_add() -> Scenario<lab_1::Table> {
    let mut scenario = lab_1::scenario(2, 1);
    scenario.processes.clear();
    scenario.name = "race with fetch_add".into();
    scenario.processes(2, "writer", |me, table: &lab_1::Table| {
        let key = key(key_for(me, 0));
        let Some((slot, found)) = table.find(key) else { return };
        slot.write(written_by(me));
        if found == FREE {
            slot.key.store(key, Relaxed);
            table.count.fetch_add(1, Relaxed);
        }
        table.version.fetch_add(1, Relaxed);
    })
}

/// Lab 2's set, with a semaphore that begins at 2.
pub fn two_permits() -> Scenario<lab_2::Table> {
    let mut scenario = lab_2::scenario(2, 1);
    scenario.setup = Box::new(|table| table.lock.init(2).expect("a semaphore"));
    scenario
}

shared! {
    /// Two semaphores.
    pub struct Pair {
        left: Semaphore,
        right: Semaphore,
    }
}

/// Two processes that need both, and take them in different order.
pub fn crosswise() -> Scenario<Pair> {
    Scenario::new("crosswise", |pair: &Pair| {
        pair.left.init(1).expect("a semaphore");
        pair.right.init(1).expect("a semaphore");
    })
    .process("a", |pair: &Pair| {
        let _left = pair.left.guard().expect("a semaphore");
        let _right = pair.right.guard().expect("a semaphore");
    })
    .process("b", |pair: &Pair| {
        let _right = pair.right.guard().expect("a semaphore");
        let _left = pair.left.guard().expect("a semaphore");
    })
}
