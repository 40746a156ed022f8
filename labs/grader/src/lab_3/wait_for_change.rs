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
#[derive(Clone, Copy)]
pub struct Answer {
    /// Adds one to the version, and wakes who waits.
    pub change: fn(board: &Board),
    /// Waits until the version is not `seen`; returns what it is then. `me` is
    /// the caller's place among those who wait.
    pub wait_for_change: fn(board: &Board, me: usize, seen: u32) -> u32,
}

impl crate::Answer for Answer {
    /// Preemptions: a change comes between the look at the version and the sleep by
    /// one, and a second one lets the waiter sleep before the change has rung. A bell
    /// that rang for nothing shows at the third wait. More of both are drawn.
    fn work(&self, seed: u64) -> Work {
        let mut dice = Dice::new(seed);
        Work::Write(vec![
            self.other_versions(&mut dice),
            self.one_change("a waiter and a change", &[0], &mut dice).build(),
            self.one_change("the other waiter and a change", &[1], &mut dice).build(),
            self.follow("a waiter and two changes in a row", 2, 1, &mut dice),
            self.follow("a waiter and three changes in a row", 3, 2, &mut dice),
            self.one_change("two waiters and a change", &[0, 1], &mut dice).preemptions(1).build(),
            self.two_changers(&mut dice),
            self.crowd(&mut dice),
            self.nothing_changes(0, &mut dice),
            self.nothing_changes(1, &mut dice),
            self.lock_held(&mut dice),
        ])
    }
}

impl Answer {
    /// Who has seen another version, an earlier one or a later one, does not wait.
    fn other_versions(&self, dice: &mut Dice) -> Trial {
        let wait_for_change = self.wait_for_change;
        let version = version(dice);
        starting("a waiter that has seen other versions", version, 0)
            .process("waiter", move |board| {
                let distances = (0..u32::BITS).map(|bit| 1 << bit);
                let others = distances.flat_map(|distance| {
                    [version.wrapping_sub(distance), version.wrapping_add(distance)]
                });
                let wrong = others.chain([0, u32::MAX]).find_map(|seen| {
                    let found = wait_for_change(board, (seen % 2) as usize, seen);
                    (found != version).then(|| {
                        format!("{found} to who had seen {seen}, when the version was {version}")
                    })
                });
                wrong.map_or(String::new(), |wrong| format!("wait_for_change returned {wrong}"))
            })
            .build()
    }

    /// These wait for one change.
    fn one_change(
        &self,
        name: &str,
        waiters: &'static [usize],
        dice: &mut Dice,
    ) -> TrialBuilder<Board> {
        let Self { change, wait_for_change } = *self;
        let version = version(dice);
        starting(name, version, 1)
            .processes(waiters.len(), "waiter", move |number, board: &Board| {
                let found = wait_for_change(board, waiters[number], version);
                said(board, version, found)
            })
            .process("changer", change)
    }

    /// A waiter follows until it has seen the last of some changes.
    fn follow(&self, name: &str, changes: u32, preemptions: u32, dice: &mut Dice) -> Trial {
        let Self { change, .. } = *self;
        let (version, answer) = (version(dice), *self);
        starting(name, version, changes)
            .process("waiter", move |board| answer.follow_to(board, 0, version, version + changes))
            .process("changer", move |board| (0..changes).for_each(|_| change(board)))
            .preemptions(preemptions)
            .build()
    }

    /// Waits again and again until it has seen version `last`.
    fn follow_to(&self, board: &Board, me: usize, mut seen: u32, last: u32) -> String {
        while seen != last {
            let found = (self.wait_for_change)(board, me, seen);
            let wrong = said(board, seen, found);
            if !wrong.is_empty() {
                return wrong;
            }
            seen = found;
        }
        String::new()
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

    /// Both follow four changes that two make.
    fn crowd(&self, dice: &mut Dice) -> Trial {
        let (version, answer) = (version(dice), *self);
        starting("two waiters and two that change twice", version, 4)
            .processes(WAITERS, "waiter", move |me, board: &Board| {
                answer.follow_to(board, me, version, version + 4)
            })
            .processes(2, "changer", move |_, board: &Board| {
                (0..2).for_each(|_| (answer.change)(board));
            })
            .drawn(100)
            .build()
    }

    /// A waiter that has to wait sleeps, also when there have been changes for which
    /// it did not wait.
    fn nothing_changes(&self, before: u32, dice: &mut Dice) -> Trial {
        let Self { change, wait_for_change } = *self;
        let version = version(dice);
        let name = if before == 0 {
            "a waiter, and nothing changes"
        } else {
            "a waiter, and nothing changes any more"
        };
        starting(name, version, before)
            .process("waiter", move |board| {
                for seen in version..version + before {
                    change(board);
                    wait_for_change(board, 0, seen);
                }
                wait_for_change(board, 0, version + before)
            })
            .nobody_comes("the version had changed")
            .build()
    }

    /// Somebody holds the lock and does not give it back.
    fn lock_held(&self, dice: &mut Dice) -> Trial {
        let wait_for_change = self.wait_for_change;
        let version = version(dice);
        starting("a waiter while somebody keeps the lock", version, 0)
            .process("holder", |board| {
                board.lock.wait().expect("a semaphore");
                board.lock.wait().expect("a semaphore");
            })
            .process("waiter", move |board| wait_for_change(board, 0, version))
            .nobody_comes("the version had changed")
            .build()
    }
}

fn version(dice: &mut Dice) -> u32 {
    // Room for the changes: what comes after the greatest version is not asked.
    dice.between(1, u64::from(u32::MAX - 8)) as u32
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
