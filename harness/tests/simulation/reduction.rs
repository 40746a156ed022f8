//! Reductions leave out schedules, and never an outcome.

use std::collections::BTreeSet;
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use shmkv_harness::sim::{Reduction, Search, SearchReport, Strategy};
use shmkv_harness::{Scenario, Shared};

use crate::common::search;
use crate::programs::{Kind, Program, orders, random_program, scenario};
use crate::sync::{State, call, initialise, ok};
use shmkv_harness::Random;

/// All schedules.
const ALL: Strategy = Strategy::Exhaustive { preemptions: None };

fn preemptions(most: u32) -> Strategy {
    Strategy::Exhaustive { preemptions: Some(most) }
}

fn delays(most: u32) -> Strategy {
    Strategy::Delays { delays: most }
}

/// Outcomes and verdicts: a deadlock has no outcome of its own.
fn seen(report: &SearchReport) -> BTreeSet<String> {
    assert!(report.complete, "{report}");
    let outcomes = report.outcomes.iter().map(|row| row.outcome.clone());
    outcomes.chain(report.verdicts.keys().map(|word| (*word).to_owned())).collect()
}

/// With both reductions, a program comes to what it comes to without.
#[track_caller]
fn compare(program: &Program, strategy: Strategy, kills: u32) {
    let run = |reduction| {
        let options =
            Search { kills, early_timeouts: true, ..Search::new(strategy).reduction(reduction) };
        search(&scenario(program), &options)
    };
    let all = run(Reduction::None);
    let wanted = seen(&all);
    for reduction in [Reduction::States, Reduction::Conflicts] {
        let reduced = run(reduction);
        let found = seen(&reduced);
        let lost: Vec<_> = wanted.difference(&found).collect();
        let made_up: Vec<_> = found.difference(&wanted).collect();
        assert!(
            lost.is_empty() && made_up.is_empty(),
            "{program:?}, {strategy}, {kills} kills, {reduction:?}: lost {lost:?}, made up {made_up:?}"
        );
        assert!(reduced.schedules <= all.schedules, "{program:?}: {reduced}");
        if let Some(count) = reduced.without_reduction.filter(|_| kills == 0) {
            assert_eq!(count, u128::from(all.schedules), "{program:?}, {strategy}, {reduction:?}");
        }
        if reduction == Reduction::States && kills == 0 {
            assert!(reduced.without_reduction.is_some(), "{program:?}: it can be counted");
        }
    }
}

/// 200 programs: half of them without a bound, the others with one of 0 to 2
/// preemptions or delays. Seed 1.
pub fn reductions_lose_no_outcome() {
    let random = Random::new(1);
    for i in 0..200 {
        let program = random_program(&random, 20, Kind::Plain);
        let strategy = match i % 4 {
            0 => preemptions(i / 4 % 3),
            1 => delays(i / 4 % 3),
            _ => ALL,
        };
        compare(&program, strategy, 0);
    }
}

/// 40 programs that also take a semaphore. Seed 2.
pub fn reductions_lose_no_outcome_under_locks() {
    let random = Random::new(2);
    for i in 0..40 {
        let program = random_program(&random, 10, Kind::Locks);
        compare(&program, if i % 4 < 2 { preemptions(i % 2) } else { delays(1 + i % 2) }, 0);
    }
}

/// 60 programs in which one process may be killed at each step. Seed 3.
pub fn reductions_lose_no_outcome_with_kills() {
    let random = Random::new(3);
    for i in 0..60 {
        let program =
            random_program(&random, 12, if i % 4 == 0 { Kind::Locks } else { Kind::Plain });
        compare(&program, preemptions(i % 2), 1);
    }
}

/// 12 programs that also take a robust mutex, whose owner may be killed at each
/// step. Seed 7.
pub fn reductions_lose_no_outcome_when_owners_are_killed() {
    let random = Random::new(7);
    for _ in 0..12 {
        let program = random_program(&random, 3, Kind::Owners);
        compare(&program, preemptions(1), 1);
    }
}

/// 60 programs that also sleep, wait for a time, and look at the clock. Seed 8.
pub fn reductions_lose_no_outcome_as_time_passes() {
    let random = Random::new(8);
    for i in 0..60 {
        let program = random_program(&random, 8, Kind::Time);
        compare(&program, if i % 2 == 0 { preemptions(i % 3) } else { delays(i % 3) }, 0);
    }
}

/// That reductions leave an outcome.
#[track_caller]
fn assert_found<T: Shared>(scenario: &Scenario<T>, options: &Search, wanted: &str) {
    for reduction in [Reduction::States, Reduction::Conflicts] {
        let report = search(scenario, &options.clone().reduction(reduction));
        let found = report.outcomes.iter().any(|row| row.outcome == wanted);
        assert!(found, "{reduction:?}: {report}: {:?}", report.outcomes);
    }
}

/// Schedule: the owner stands before a store that concerns nobody else; another
/// tries its mutex in vain, sees what the owner stored before, and waits; the owner
/// is killed before its store.
pub fn kill_of_an_owner_that_was_preempted_is_found() {
    let scenario = Scenario::new("owner", |state: &State| {
        initialise(state, libc::PTHREAD_MUTEX_NORMAL, true);
    })
    .process("owner", |state| {
        ok!(pthread_mutex_lock(state.mutex.get()));
        state.count.store(1, Relaxed);
        state.word.store(1, Relaxed);
        ok!(pthread_mutex_unlock(state.mutex.get()));
    })
    .process("other", |state| {
        if call!(pthread_mutex_trylock(state.mutex.get())) != libc::EBUSY {
            return "free".to_owned();
        }
        let seen = state.count.load(Relaxed);
        format!("saw {seen}, then {}", call!(pthread_mutex_lock(state.mutex.get())))
    })
    .outcome(|end| {
        let word = end.shared.word.load(Relaxed);
        format!("{} with {word}", end.returned(1).unwrap_or_default())
    });
    let wanted = format!("saw 1, then {} with 0", libc::EOWNERDEAD);
    assert_found(&scenario, &Search::exhaustive(1).with_kills(), &wanted);
}

/// Schedule: one stands before a store that concerns nobody else, after which it
/// looks at the clock; another sleeps meanwhile.
pub fn time_that_passes_before_a_look_is_found() {
    let scenario = Scenario::new("look", |_: &[AtomicU32; 2]| {})
        .process("looker", |words| {
            let before = words[0].load(Relaxed);
            words[1].store(1, Relaxed);
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
            format!("{before}, {} ms", now.subsec_millis())
        })
        .process("sleeper", |words| {
            words[0].store(1, Relaxed);
            std::thread::sleep(Duration::from_millis(10));
        });
    assert_found(&scenario, &Search::exhaustive(2), "0, 10 ms, returned");
}

/// A process that is told something else each time: the search says so, and
/// claims nothing.
pub fn search_of_what_does_not_repeat_is_not_complete() {
    let ends = Rc::new(nix::unistd::pipe().expect("a pipe"));
    let scenario = Scenario::new("pipe", |_: &AtomicU32| {}).processes(2, "p", move |_, word| {
        let mut bytes = 0i32;
        nix::unistd::write(&ends.1, b"x").expect("room");
        // SAFETY: the descriptor is open, and the result valid for a write.
        unsafe { libc::ioctl(ends.0.as_raw_fd(), libc::FIONREAD, &raw mut bytes) };
        word.store(bytes as u32, Relaxed);
        word.load(Relaxed)
    });
    for reduction in [Reduction::None, Reduction::Conflicts] {
        let report = search(&scenario, &Search::unbounded().reduction(reduction));
        let difference = report.nondeterminism.as_ref().expect("a difference");
        assert_eq!(difference.was, "made in another state");
        assert!(!report.complete && report.verdict.held(), "{report}");
    }
}

/// Without a bound, the count is the multinomial coefficient.
pub fn schedules_are_counted_by_the_formula() {
    let random = Random::new(4);
    for _ in 0..30 {
        let program = random_program(&random, 2000, Kind::Plain);
        let report = search(&scenario(&program), &Search::new(ALL).reduction(Reduction::States));
        assert_eq!(report.without_reduction, Some(orders(&program).into()), "{program:?}");
    }
}

/// Two processes of `n` steps: with `c` preemptions at most, a schedule is a way
/// to cut both into pieces that take turns. Whoever starts, it has k pieces and
/// the other k or k − 1; each end of a piece but the last of its process is a
/// preemption, and n steps can be cut into k pieces in C(n − 1, k − 1) ways.
pub fn bounded_schedules_are_counted_by_the_formula() {
    fn choose(n: u64, k: u64) -> u64 {
        (1..=k).fold(1, |product, i| product * (n + 1 - i) / i)
    }
    fn schedules(n: u64, bound: u64) -> u64 {
        let cuts = |pieces: u64| if pieces <= n { choose(n - 1, pieces - 1) } else { 0 };
        (1..=n)
            .flat_map(|a| [(a, a), (a + 1, a)])
            .filter(|(a, b)| a - 1 + b - 1 <= bound)
            .map(|(a, b)| 2 * cuts(a) * cuts(b))
            .sum()
    }
    for steps in 1..=4u32 {
        for bound in 0..=3 {
            let scenario = Scenario::new("stores", |_: &[AtomicU32; 2]| {}).processes(
                2,
                "p",
                move |i, words| (1..=steps).for_each(|value| words[i].store(value, Relaxed)),
            );
            let wanted = schedules(steps.into(), bound.into());
            for reduction in [Reduction::None, Reduction::States] {
                let report = search(&scenario, &Search::exhaustive(bound).reduction(reduction));
                let found = report.without_reduction;
                assert_eq!(found, Some(wanted.into()), "{steps} steps, {bound}: {report}");
            }
        }
    }
}

/// Four processes of one step each: a schedule is an order of the four, and its
/// delays are chosen one after another, at most 3, 2 and 1 of them. So there are
/// as many with d delays as permutations of four with d inversions: 1, 3, 5, 6, 5,
/// 3, 1.
pub fn delayed_schedules_are_counted_like_inversions() {
    let scenario =
        Scenario::new("stores", |_: &[AtomicU32; 4]| {})
            .processes(4, "p", |i, words| words[i].store(1, Relaxed));
    for (bound, wanted) in (0..).zip([1u128, 4, 9, 15, 20, 23, 24, 24]) {
        for reduction in [Reduction::None, Reduction::States] {
            let report = search(&scenario, &Search::delayed(bound).reduction(reduction));
            assert_eq!(report.without_reduction, Some(wanted), "{bound}: {report}");
        }
    }
}
