//! Exercise `wait-for-change`: waiting until the version is another, asleep, and
//! without missing the change.
//!
//! Given: a lock, and a bell of its own for each who may wait.
//!
//! Source: Dijkstra, "Cooperating Sequential Processes", 1965, for semaphores
//! that one process alone waits on.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv::Semaphore;
use shmkv_harness::shared;

use crate::{Dice, Failure, Trial, TrialBuilder, Work};

/// The most processes that wait.
pub const WAITERS: usize = 2;

shared! {
    /// A version, and those who wait for it to change.
    pub struct Board {
        /// Protects what follows. 1: free; 0: held.
        pub lock: Semaphore,
        /// Counts changes.
        pub version: AtomicU32,
        /// 1 for each who waits, or is about to; else 0.
        pub waiting: [AtomicU32; WAITERS],
        /// Each waits on its own. All begin at 0.
        pub bells: [Semaphore; WAITERS],
    }
}

/// What is asked for.
pub struct Answer {
    /// Adds one to the version, and wakes who waits.
    pub change: fn(board: &Board),
    /// Waits until the version is not `seen`; returns what it is then. `me` is
    /// the caller's place among those who wait.
    pub wait_for_change: fn(board: &Board, me: usize, seen: u32) -> u32,
}

impl crate::Answer for Answer {
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.one_change("a waiter and a change", 1, &mut dice).build(),
            self.two_changes(&mut dice),
            self.one_change("two waiters and a change", 2, &mut dice).preemptions(1).build(),
            self.two_changers(&mut dice),
            self.nothing_changes(&mut dice),
        ])
    }
}

impl Answer {
    /// So many wait for one change.
    fn one_change(&self, name: &str, waiters: usize, dice: &mut Dice) -> TrialBuilder<Board> {
        let Self { change, wait_for_change } = *self;
        let version = version(dice);
        starting(name, version, 1)
            .processes(waiters, "waiter", move |me, board: &Board| {
                let found = wait_for_change(board, me, version);
                said(board, version, found)
            })
            .process("changer", change)
    }

    /// A waiter follows until it has seen the last of two changes.
    fn two_changes(&self, dice: &mut Dice) -> Trial {
        let Self { change, wait_for_change } = *self;
        let version = version(dice);
        starting("a waiter and two changes in a row", version, 2)
            .process("waiter", move |board| {
                let first = wait_for_change(board, 0, version);
                if first != version + 1 {
                    return said(board, version, first);
                }
                let second = wait_for_change(board, 0, first);
                said(board, first, second)
            })
            .process("changer", move |board| (0..2).for_each(|_| change(board)))
            .preemptions(1)
            .build()
    }

    fn two_changers(&self, dice: &mut Dice) -> Trial {
        let Self { change, wait_for_change } = *self;
        let version = version(dice);
        starting("a waiter and two changes at once", version, 2)
            .process("waiter", move |board| {
                let found = wait_for_change(board, 0, version);
                said(board, version, found)
            })
            .processes(2, "changer", move |_, board: &Board| change(board))
            .preemptions(1)
            .build()
    }

    /// A waiter that has to wait sleeps.
    fn nothing_changes(&self, dice: &mut Dice) -> Trial {
        let wait_for_change = self.wait_for_change;
        let version = version(dice);
        starting("a waiter, and nothing changes", version, 0)
            .process("waiter", move |board| wait_for_change(board, 0, version))
            .nobody_comes()
            .build()
    }
}

fn version(dice: &mut Dice) -> u32 {
    dice.between(10, 99) as u32
}

/// Nothing, or what is wrong with what a waiter that had seen version `seen` has
/// `found`. Versions only grow here.
fn said(board: &Board, seen: u32, found: u32) -> String {
    let now = board.version.load(Relaxed);
    if found == seen {
        format!("wait_for_change returned {found}, which had been seen")
    } else if (seen..=now).contains(&found) {
        String::new()
    } else {
        format!("wait_for_change returned {found} when the version was {now}")
    }
}

fn starting(name: &str, version: u32, changes: u32) -> TrialBuilder<Board> {
    let start = |semaphore: &Semaphore, value| semaphore.init(value).expect("a semaphore");
    Trial::named(name, move |board: &Board| {
        start(&board.lock, 1);
        board.bells.iter().for_each(|bell| start(bell, 0));
        board.version.store(version, Relaxed);
    })
    .must(Failure::LostUpdate, "every change is counted", move |end| {
        match end.shared.version.load(Relaxed) {
            found if found == version + changes => Ok(()),
            found => Err(format!("from {version} it went to {found} in {changes} changes")),
        }
    })
    .must(Failure::WrongResult, "who waits is told a new version", |end| {
        let said = (0..end.processes.len()).filter_map(|process| end.returned(process));
        let wrong = said.filter(|said| !said.is_empty()).map(str::to_owned).next();
        wrong.map_or(Ok(()), Err)
    })
    .must_free("lock", |board| &board.lock)
}
