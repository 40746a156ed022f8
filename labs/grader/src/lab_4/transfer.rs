//! Exercise `transfer`: from one account to another, whole or not at all, even if
//! the process is killed on the way.
//!
//! Given: a lock, and a journal to note in what is needed to go back.
//!
//! Source: Gray, "Notes on Data Base Operating Systems", 1978, for logs that are
//! written before what they are to undo.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::{End, shared};

use crate::{Dice, Failure, Trial, TrialBuilder, Work};

/// Accounts in a bank.
pub const ACCOUNTS: usize = 3;

shared! {
    /// What is needed to undo a transfer.
    pub struct Journal {
        /// 0: nothing is to be undone. All begin at 0.
        pub armed: AtomicU32,
        /// Which two accounts.
        pub accounts: [AtomicU32; 2],
        /// What was in them.
        pub balances: [AtomicU64; 2],
    }
}

shared! {
    /// The bank.
    pub struct Bank {
        /// Protects the rest. 1: free; 0: held.
        pub lock: Semaphore,
        /// What is in the accounts.
        pub balances: [AtomicU64; ACCOUNTS],
        /// For you to use.
        pub journal: Journal,
    }
}

/// What is asked for.
pub struct Answer {
    /// Moves `amount`. Whether it did: false where there is less than that.
    pub transfer: fn(bank: &Bank, from: usize, to: usize, amount: u64) -> bool,
    /// Puts right what a killed process has left. Nobody else is there.
    pub recover: fn(bank: &Bank),
}

impl crate::Answer for Answer {
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.refused(&mut dice),
            self.there_and_back(&mut dice).preemptions(2).build(),
            self.enough_for_one(&mut dice),
            self.killed(&mut dice),
            self.used_again(&mut dice),
            self.one_of_two_killed(&mut dice),
        ])
    }
}

impl Answer {
    /// There is less than is asked for.
    fn refused(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let transfer = self.transfer;
        holding("a transfer of more than there is", before)
            .process("client", move |bank| transfer(bank, 0, 1, before[0] + 1))
            .must(Failure::WrongResult, "it is refused", |end| match end.returned(0) {
                Some("true") => Err("transfer returned true".into()),
                _ => Ok(()),
            })
            .must(Failure::LostUpdate, "nothing has changed", move |end| one_of(end, &[before]))
            .build()
    }

    /// From the first account to the second, and from the second to the first.
    fn there_and_back(&self, dice: &mut Dice) -> TrialBuilder<Bank> {
        let before = balances(dice);
        let [there, back] = dice.distinct();
        let transfer = self.transfer;
        holding("two transfers, there and back", before)
            .process("there", move |bank| transfer(bank, 0, 1, there))
            .process("back", move |bank| transfer(bank, 1, 0, back))
            .must(Failure::LostUpdate, "both transfers are made", move |end| {
                one_of(end, &[moved(moved(before, 0, 1, there), 1, 0, back)])
            })
    }

    /// Two processes want all that there is.
    fn enough_for_one(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let all = before[0];
        let transfer = self.transfer;
        holding("two transfers of all that there is", before)
            .processes(2, "client", move |me, bank: &Bank| transfer(bank, 0, me + 1, all))
            .must(Failure::LostUpdate, "one gets it, whole", move |end| {
                one_of(end, &[moved(before, 0, 1, all), moved(before, 0, 2, all)])
            })
            .must(Failure::WrongResult, "one is told that it got it", |end| {
                match (0..2).filter(|process| end.returned(*process) == Some("true")).count() {
                    1 => Ok(()),
                    count => Err(format!("{count} were")),
                }
            })
            .preemptions(2)
            .build()
    }

    /// Killed at each step, and recovered.
    fn killed(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let [amount] = dice.distinct();
        let Self { transfer, recover } = *self;
        holding("a kill at each step", before)
            .process("client", move |bank| transfer(bank, 0, 1, amount))
            .recovery(recover)
            .must(Failure::LostUpdate, "a transfer is made whole or not at all", move |end| {
                let made = moved(before, 0, 1, amount);
                if end.killed() == 0 { one_of(end, &[made]) } else { one_of(end, &[before, made]) }
            })
            .with_kills()
            .build()
    }

    /// The same, and then the bank is used and recovered again.
    fn used_again(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let [first, second] = dice.distinct();
        let Self { transfer, recover } = *self;
        let made = moved(before, 0, 1, first);
        let then = move |balances| moved(balances, 1, 2, second);
        holding("a kill at each step, and a transfer after recovery", before)
            .process("client", move |bank| transfer(bank, 0, 1, first))
            .recovery(move |bank| {
                recover(bank);
                // A lock that is still held is told at the end.
                if bank.lock.value() > 0 {
                    transfer(bank, 1, 2, second);
                    recover(bank);
                }
            })
            .must(Failure::LostUpdate, "a transfer is made whole or not at all", move |end| {
                match end.killed() {
                    0 => one_of(end, &[made]),
                    _ => one_of(end, &[then(before), then(made)]),
                }
            })
            .with_kills()
            .build()
    }

    /// The other one may be waiting, or have gone already.
    fn one_of_two_killed(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let [there, back] = dice.distinct();
        let Self { transfer, recover } = *self;
        let (one, other) = (moved(before, 0, 1, there), moved(before, 1, 0, back));
        let both = moved(one, 1, 0, back);
        holding("a kill of one of two", before)
            .process("there", move |bank| transfer(bank, 0, 1, there))
            .process("back", move |bank| transfer(bank, 1, 0, back))
            .recovery(recover)
            .must(Failure::LostUpdate, "each transfer is made whole or not at all", move |end| {
                one_of(end, &[before, one, other, both])
            })
            .preemptions(1)
            .with_kills()
            .only_simulated()
            .build()
    }
}

/// Enough for any transfer of less than a thousand.
fn balances(dice: &mut Dice) -> [u64; ACCOUNTS] {
    dice.distinct().map(|balance| balance + 1000)
}

fn moved(mut balances: [u64; 3], from: usize, to: usize, amount: u64) -> [u64; ACCOUNTS] {
    balances[from] -= amount;
    balances[to] += amount;
    balances
}

fn holding(name: &str, balances: [u64; ACCOUNTS]) -> TrialBuilder<Bank> {
    Trial::named(name, move |bank: &Bank| {
        bank.lock.init(1).expect("a semaphore");
        for (account, balance) in bank.balances.iter().zip(balances) {
            account.store(balance, Relaxed);
        }
    })
    .must_free("lock", |bank| &bank.lock)
}

/// Whether the accounts hold one of these.
fn one_of(end: &End<'_, Bank>, possible: &[[u64; ACCOUNTS]]) -> Result<(), String> {
    let found = end.shared.balances.each_ref().map(|balance| balance.load(Relaxed));
    match possible.contains(&found) {
        true => Ok(()),
        false => {
            let possible: Vec<String> = possible.iter().map(|these| format!("{these:?}")).collect();
            Err(format!("the accounts hold {found:?}, and not {}", possible.join(" or ")))
        }
    }
}
