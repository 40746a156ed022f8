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
    /// Preemptions: without a lock, two put a transfer between the look at a balance
    /// and its change, and back. With a kill one is enough: it stops one process
    /// somewhere, and the other one is killed anywhere, or waits. More transfers at
    /// once are drawn.
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        let mut trials = vec![
            self.one_after_the_other(&mut dice),
            self.lock_held(&mut dice),
            self.there_and_back(&mut dice),
            self.enough_for_one(&mut dice),
        ];
        // Recovery has to find out which two accounts these are, in which order.
        for (from, to) in [(0, 1), (2, 0), (1, 2), (1, 1)] {
            trials.push(self.killed(from, to, &mut dice));
        }
        trials.push(self.killed_in_second(&mut dice));
        trials.push(self.used_again(&mut dice));
        trials.push(self.one_of_two_killed(&mut dice));
        trials.push(self.crowd(&mut dice));
        Work::Write(trials)
    }
}

impl Answer {
    /// One process moves from each account to each, what there is, more, and nothing;
    /// between them nothing is to be recovered.
    fn one_after_the_other(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let part = dice.between(1, LEAST);
        let Self { transfer, recover } = *self;
        holding("transfers one after the other", before)
            .process("client", move |bank| {
                let mut now = before;
                for from in 0..ACCOUNTS {
                    for to in 0..ACCOUNTS {
                        let all = now[from];
                        for amount in [all + 1, u64::MAX, 0, part, all, all - part] {
                            let made = now[from] >= amount;
                            let said = transfer(bank, from, to, amount);
                            if made {
                                now = moved(now, from, to, amount);
                            }
                            let found = accounts(bank);
                            if said != made || found != now {
                                return format!(
                                    "a transfer of {amount} from {from} to {to} returned {said} \
                                     and left {found:?}, and not {now:?}"
                                );
                            }
                            recover(bank);
                            if accounts(bank) != now {
                                return format!(
                                    "{RECOVERED}a transfer of {amount} from {from} to {to} that \
                                     was over: it left {:?}, and not {now:?}",
                                    accounts(bank)
                                );
                            }
                        }
                        // All back, so that the next has something.
                        now = before;
                        for (account, balance) in bank.balances.iter().zip(now) {
                            account.store(balance, Relaxed);
                        }
                    }
                }
                String::new()
            })
            .must(Failure::WrongResult, "a transfer is made if there is enough", |end| {
                match end.returned(0) {
                    Some(wrong) if !wrong.is_empty() && !wrong.starts_with(RECOVERED) => {
                        Err(wrong.to_owned())
                    }
                    _ => Ok(()),
                }
            })
            .must(Failure::LostUpdate, "recovery undoes nothing that was made", |end| {
                match end.returned(0) {
                    Some(wrong) if wrong.starts_with(RECOVERED) => Err(wrong.to_owned()),
                    _ => Ok(()),
                }
            })
            .build()
    }

    /// Somebody holds the lock and does not give it back.
    fn lock_held(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let transfer = self.transfer;
        holding("a transfer while somebody keeps the lock", before)
            .process("holder", |bank| {
                bank.lock.wait().expect("a semaphore");
                bank.lock.wait().expect("a semaphore");
            })
            .process("client", move |bank| transfer(bank, 0, 1, 1))
            .nobody_comes_to_who_may_spin("the lock was free")
            .build()
    }

    /// From the first account to the second, and from the second to the first.
    fn there_and_back(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let [there, back] = amounts(dice);
        let transfer = self.transfer;
        holding("two transfers, there and back", before)
            .process("there", move |bank| transfer(bank, 0, 1, there))
            .process("back", move |bank| transfer(bank, 1, 0, back))
            .must(Failure::LostUpdate, "both transfers are made", move |end| {
                one_of(end, &[moved(moved(before, 0, 1, there), 1, 0, back)])
            })
            .must(Failure::WrongResult, "both are told so", |end| {
                match (0..2).all(|process| end.returned(process) == Some("true")) {
                    true => Ok(()),
                    false => Err("one transfer returned false".into()),
                }
            })
            .build()
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
            .build()
    }

    /// Killed at each step, and recovered.
    fn killed(&self, from: usize, to: usize, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let [amount] = amounts(dice);
        let Self { transfer, recover } = *self;
        holding(&format!("a kill at each step of a transfer from {from} to {to}"), before)
            .process("client", move |bank| transfer(bank, from, to, amount))
            .recovery(recover)
            .must(Failure::LostUpdate, "a transfer is made whole or not at all", move |end| {
                let made = moved(before, from, to, amount);
                if end.killed() == 0 { one_of(end, &[made]) } else { one_of(end, &[before, made]) }
            })
            .with_kills()
            .build()
    }

    /// Two transfers in a row, killed at each step: the journal has been used before.
    fn killed_in_second(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let [first, second] = amounts(dice);
        let Self { transfer, recover } = *self;
        let one = moved(before, 0, 1, first);
        let both = moved(one, 2, 0, second);
        holding("a kill at each step of two transfers", before)
            .process("client", move |bank| {
                transfer(bank, 0, 1, first) && transfer(bank, 2, 0, second)
            })
            .recovery(recover)
            .must(Failure::LostUpdate, "each transfer is made whole or not at all", move |end| {
                if end.killed() == 0 {
                    one_of(end, &[both])
                } else {
                    one_of(end, &[before, one, both])
                }
            })
            .with_kills()
            .build()
    }

    /// The same, and then the bank is used and recovered again.
    fn used_again(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let [first, second] = amounts(dice);
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
        let [there, back] = amounts(dice);
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

    /// Three processes, each with two transfers.
    fn crowd(&self, dice: &mut Dice) -> Trial {
        let before = balances(dice);
        let [there, on] = amounts(dice);
        let transfer = self.transfer;
        holding("three that transfer twice", before)
            .processes(ACCOUNTS, "client", move |me, bank: &Bank| {
                let [next, last] = [(me + 1) % ACCOUNTS, (me + 2) % ACCOUNTS];
                transfer(bank, me, next, there) && transfer(bank, next, last, on)
            })
            .must(Failure::LostUpdate, "all transfers are made", move |end| {
                // Round the circle: what each account gives it gets.
                one_of(end, &[before])
            })
            .drawn(60)
            .build()
    }
}

/// How a process says that recovery changed what is none of its business.
const RECOVERED: &str = "recover changed ";

/// The least that an account holds.
const LEAST: u64 = 1 << 60;

/// Enough for any of [`amounts`], and not so much that three do not fit into one.
fn balances(dice: &mut Dice) -> [u64; ACCOUNTS] {
    [(); ACCOUNTS].map(|()| dice.between(LEAST, 4 * LEAST))
}

/// Two of them are no more than an account holds.
fn amounts<const N: usize>(dice: &mut Dice) -> [u64; N] {
    [(); N].map(|()| dice.between(1, LEAST / 2))
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

/// What the accounts hold.
fn accounts(bank: &Bank) -> [u64; ACCOUNTS] {
    bank.balances.each_ref().map(|balance| balance.load(Relaxed))
}

/// Whether the accounts hold one of these.
fn one_of(end: &End<'_, Bank>, possible: &[[u64; ACCOUNTS]]) -> Result<(), String> {
    let found = accounts(end.shared);
    match possible.contains(&found) {
        true => Ok(()),
        false => {
            let possible: Vec<String> = possible.iter().map(|these| format!("{these:?}")).collect();
            Err(format!("the accounts hold {found:?}, and not {}", possible.join(" or ")))
        }
    }
}
