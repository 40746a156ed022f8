//! Account: an auditor that is sure only in the orders that its author thought of.
//!
//! A deposit, a withdrawal and a check, each under the one lock. The check
//! expects a wrong sum, and looks only when both others are done; it is created
//! first, and so is seldom last.
//! Source: `account_bad` of the ESBMC programs in SCTBench (Thomson, Donaldson &
//! Betts, PPoPP 2014).
//! Repaired: the check expects the right sum.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use shmkv_harness::{Scenario, shared};

use super::sync::{Mutex, Start, give_all};
use super::{Form, Mean, Program, Published};

const OPENING: i32 = 1;
const DEPOSIT: i32 = 2;
const WITHDRAWAL: i32 = 4;

shared! {
    struct Account {
        mutex: Mutex,
        balance: AtomicI32,
        deposited: AtomicBool,
        withdrawn: AtomicBool,
        starts: [Start; 3],
    }
}

pub fn program() -> Program {
    Program::new("account", 4, "panicked", 0, scenario)
        .within_one_preemption()
        .published(Published::of(Mean::Of(18), Mean::Of(4), Mean::Of(4), Mean::Of(6)))
}

fn scenario(form: Form) -> Scenario<Account> {
    let expected = match form {
        Form::Buggy => OPENING - DEPOSIT - WITHDRAWAL,
        Form::Repaired => OPENING + DEPOSIT - WITHDRAWAL,
    };
    // Relaxed, here and in the other programs: the mutex orders what it guards.
    Scenario::new("account", |account: &Account| {
        account.mutex.init();
        account.balance.store(OPENING, Relaxed);
    })
    .process("main", |account| give_all(&account.starts))
    .process("check", move |account| {
        account.starts[0].wait();
        let _guard = account.mutex.lock();
        if account.deposited.load(Relaxed) && account.withdrawn.load(Relaxed) {
            assert_eq!(account.balance.load(Relaxed), expected, "the balance");
        }
    })
    .process("deposit", |account| {
        account.starts[1].wait();
        let _guard = account.mutex.lock();
        account.balance.store(account.balance.load(Relaxed) + DEPOSIT, Relaxed);
        account.deposited.store(true, Relaxed);
    })
    .process("withdraw", |account| {
        account.starts[2].wait();
        let _guard = account.mutex.lock();
        account.balance.store(account.balance.load(Relaxed) - WITHDRAWAL, Relaxed);
        account.withdrawn.store(true, Relaxed);
    })
}
