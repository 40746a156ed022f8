//! Two accounts, and transfers between them: with a lock, and without.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::{Scenario, shared};

// ANCHOR: shared
shared! {
    /// Two accounts.
    pub struct Bank {
        lock: Semaphore,
        accounts: [AtomicU32; 2],
    }
}
// ANCHOR_END: shared

// ANCHOR: transfer
impl Bank {
    fn transfer(&self, from: usize, to: usize, amount: u32) {
        let left = self.accounts[from].load(Relaxed) - amount;
        self.accounts[from].store(left, Relaxed);
        let sum = self.accounts[to].load(Relaxed) + amount;
        self.accounts[to].store(sum, Relaxed);
    }
}
// ANCHOR_END: transfer

// ANCHOR: scenarios
/// Both transfers at once, and nobody locks.
pub fn unlocked() -> Scenario<Bank> {
    bank("transfers without a lock")
        .process("a", |bank: &Bank| bank.transfer(0, 1, 30))
        .process("b", |bank: &Bank| bank.transfer(1, 0, 10))
}

/// The same, one after the other.
pub fn locked() -> Scenario<Bank> {
    let transfer = |from: usize, to: usize, amount: u32| {
        move |bank: &Bank| {
            let _guard = bank.lock.guard().expect("a semaphore");
            bank.transfer(from, to, amount);
        }
    };
    bank("transfers under a lock").process("a", transfer(0, 1, 30)).process("b", transfer(1, 0, 10))
}

fn bank(name: &str) -> Scenario<Bank> {
    Scenario::new(name, |bank: &Bank| {
        bank.lock.init(1).expect("a semaphore");
        bank.accounts.iter().for_each(|account| account.store(100, Relaxed));
    })
    .invariant("no money is made or lost", |end| {
        let accounts = &end.shared.accounts;
        match [accounts[0].load(Relaxed), accounts[1].load(Relaxed)] {
            [80, 120] => Ok(()),
            [a, b] => Err(format!("the accounts hold {a} and {b}")),
        }
    })
}
// ANCHOR_END: scenarios
