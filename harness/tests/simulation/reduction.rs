//! Reductions leave out schedules, and never an outcome.

use std::collections::BTreeSet;

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use shmkv_harness::Scenario;
use shmkv_harness::sim::{Reduction, Search, SearchReport, Strategy};

use crate::common::search;
use crate::programs::{Program, orders, random_program, scenario};
use crate::random::Random;

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
        let options = Search { kills, ..Search::new(strategy).reduction(reduction) };
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

/// 200 programs, each without a bound and with one of three, on preemptions or on
/// delays. Seed 1.
pub fn reductions_lose_no_outcome() {
    let mut random = Random::new(1);
    for i in 0..200 {
        let program = random_program(&mut random, 36, false);
        compare(&program, ALL, 0);
        compare(&program, if i % 2 == 0 { preemptions(i % 3) } else { delays(i % 3) }, 0);
    }
}

/// 40 programs that also take a semaphore. Seed 2.
pub fn reductions_lose_no_outcome_under_locks() {
    let mut random = Random::new(2);
    for i in 0..40 {
        let program = random_program(&mut random, 10, true);
        compare(&program, if i % 4 < 2 { preemptions(i % 2) } else { delays(1 + i % 2) }, 0);
    }
}

/// 60 programs in which one process may be killed at each step. Seed 3.
pub fn reductions_lose_no_outcome_with_kills() {
    let mut random = Random::new(3);
    for i in 0..60 {
        let program = random_program(&mut random, 12, i % 4 == 0);
        compare(&program, preemptions(i % 2), 1);
    }
}

/// Without a bound, the count is the multinomial coefficient.
pub fn schedules_are_counted_by_the_formula() {
    let mut random = Random::new(4);
    for _ in 0..30 {
        let program = random_program(&mut random, 2000, false);
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
