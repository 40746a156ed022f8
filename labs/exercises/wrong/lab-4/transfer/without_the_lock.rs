//! Verdict: lost update
//! What others do in between is overwritten.

use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_4::transfer::Bank;

pub fn transfer(bank: &Bank, from: usize, to: usize, amount: u64) -> bool {
    let accounts = [from, to];
    let balances = accounts.map(|account| bank.balances[account].load(Relaxed));
    if balances[0] < amount {
        return false;
    }
    if from == to {
        return true;
    }
    for place in 0..2 {
        bank.journal.accounts[place].store(accounts[place] as u32, Relaxed);
        bank.journal.balances[place].store(balances[place], Relaxed);
    }
    bank.journal.armed.store(1, Relaxed);
    bank.balances[from].store(balances[0] - amount, Relaxed);
    bank.balances[to].store(balances[1] + amount, Relaxed);
    bank.journal.armed.store(0, Relaxed);
    true
}

pub fn recover(bank: &Bank) {
    let Bank { lock, balances, journal } = bank;
    if journal.armed.load(Relaxed) == 1 {
        for (account, before) in journal.accounts.iter().zip(&journal.balances) {
            let account = account.load(Relaxed) as usize;
            balances[account].store(before.load(Relaxed), Relaxed);
        }
        journal.armed.store(0, Relaxed);
    }
    if lock.value() == 0 {
        lock.post().expect("a semaphore");
    }
}
