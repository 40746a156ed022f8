//! Lab 4, write: a transfer that is made whole or not at all, even by the dead.
//!
//! Goal: `transfer` moves an amount from one account to another, and says whether it
//! did; it returns false, and changes nothing, where there is less than that. Both
//! accounts may be the same. After a process was killed, another one calls `recover`,
//! which puts right what is left.
//!
//! Given: `Bank` with
//! - `lock`, a semaphore that begins at 1, to protect the rest;
//! - `balances: [AtomicU64; ACCOUNTS]`;
//! - `journal`, in which you note what is needed to go back: `armed: AtomicU32`,
//!   `accounts: [AtomicU32; 2]` and `balances: [AtomicU64; 2]`, all of which begin
//!   at 0.
//!
//! A semaphore has `wait()`, `post()`, `guard()`, and `value()`, which says how many
//! can be taken. `recover` is called when all others have ended, or wait for a lock
//! that the dead one holds. Below is what does without a journal; it fails.
//!
//! What must hold, whoever goes when:
//! 1. a transfer that returned true is made, and one that returned false is not;
//! 2. if the process is killed, at any step, then after `recover` its transfer is
//!    made whole or not at all;
//! 3. after `recover` the bank can be used, and recovered, again;
//! 4. in the end the lock is at 1.
//!
//! Memory orderings are not judged: accesses are simulated in program order, and this
//! processor hides most that are too weak. Choose them all the same.
//!
//! Check: cargo run --bin labs -- check transfer

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::transfer::Bank;

pub fn transfer(bank: &Bank, from: usize, to: usize, amount: u64) -> bool {
    let _guard = bank.lock.guard().expect("a semaphore");
    let left = bank.balances[from].load(Relaxed);
    if left < amount {
        return false;
    }
    bank.balances[from].store(left - amount, Relaxed);
    let there = bank.balances[to].load(Relaxed);
    bank.balances[to].store(there + amount, Relaxed);
    true
}

pub fn recover(bank: &Bank) {
    if bank.lock.value() == 0 {
        bank.lock.post().expect("a semaphore");
    }
}
