//! The edges: large and empty states, many processes and none, bounds on a search.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use shmkv_harness::sim::{
    Order, Policy, Reduction, Runner, Search, SimError, Strategy, explore, replay,
};
use shmkv_harness::{Scenario, Verdict, shared};

use crate::children::{command, counters, racy};
use crate::common::{HANG, execute, search};

/// Several pages: accesses at both ends, and across a border, which is two steps.
pub fn large_states_are_seen_whole() {
    const LEN: usize = 5 * 4096;
    let scenario =
        Scenario::new("large", |bytes: &[AtomicU8; LEN]| bytes[LEN - 1].store(9, Relaxed))
            .process("p", |bytes| {
                bytes[0].store(1, Relaxed);
                let across: *mut u64 = bytes[4092..].as_ptr().cast_mut().cast();
                // SAFETY: eight bytes of the state.
                unsafe { across.write_unaligned(u64::MAX) };
                bytes[LEN - 1].load(Relaxed)
            })
            .invariant("bytes are where they belong", |end| {
                let set: Vec<usize> =
                    (0..LEN).filter(|i| end.shared[*i].load(Relaxed) != 0).collect();
                let wanted: Vec<usize> =
                    [0].into_iter().chain(4092..4100).chain([LEN - 1]).collect();
                if set == wanted { Ok(()) } else { Err(format!("{set:?}")) }
            });
    let execution = execute(&scenario);
    assert_eq!((execution.verdict, execution.outcome.as_str()), (Verdict::Held, "9"));
    let places: Vec<_> =
        execution.steps.iter().map(|step| (step.what.offset, step.what.size)).collect();
    assert_eq!(places, [(0, 1), (4092, 4), (4096, 4), (LEN as u32 - 1, 1)]);
}

shared! {
    struct Odd { byte: AtomicU8, number: AtomicU64, half: AtomicU32 }
}

pub fn alignment_and_padding_are_kept() {
    let scenario = Scenario::new("odd", |_: &Odd| {}).process("p", |state| {
        state.number.store(1, Relaxed);
        state.byte.store(2, Relaxed);
        state.half.store(3, Relaxed);
    });
    let offsets: Vec<u32> = execute(&scenario).steps.iter().map(|step| step.what.offset).collect();
    assert_eq!(offsets, [8, 0, 16]);
}

pub fn empty_states_and_bodies_have_one_schedule() {
    let nothing = Scenario::new("nothing", |_: &[AtomicU8; 0]| {}).processes(3, "p", |_, _| {});
    let report = search(&nothing, &Search::unbounded());
    assert_eq!((report.schedules, report.steps, report.complete), (1, 0, true), "{report}");
    assert!(report.verdict.held());
    // One that makes no step changes nothing in the count of the others.
    let one = Scenario::new("one", |_: &AtomicU32| {}).process("idle", |_| {}).processes(
        2,
        "p",
        |_, word: &AtomicU32| word.fetch_add(1, Relaxed),
    );
    let report = search(&one, &Search::unbounded().reduction(Reduction::None));
    assert_eq!((report.schedules, report.complete), (2, true), "{report}");
}

pub fn thirty_one_processes_are_the_most() {
    for recovers in [false, true] {
        let crowd = |count| {
            let scenario = Scenario::new("crowd", |_: &AtomicU32| {}).processes(
                count,
                "p",
                |_, word: &AtomicU32| word.fetch_add(1, Relaxed),
            );
            if recovers { scenario.recovery(|word| word.load(Relaxed)) } else { scenario }
        };
        let execution = execute(&crowd(31));
        let seen: Vec<String> = (0..31).map(|i| i.to_string()).collect();
        assert_eq!((execution.steps.len(), execution.outcome), (31, seen.join(", ")));
        let sampled = Search::sampling(1).max_schedules(5);
        assert!(search(&crowd(31), &sampled).verdict.held());
        let killing = Search { kills: 1, ..sampled };
        assert!(search(&crowd(31), &killing).verdict.held());
        for count in [0, 32] {
            let error = explore(&crowd(count), &Search::unbounded()).expect_err("not possible");
            let found =
                matches!(error, SimError::ProcessCount { found, limit: 31 } if found == count);
            assert!(found, "{error}");
        }
    }
}

/// The bound on steps ends a process that goes on forever. No steps, and more than
/// the log holds, are refused.
pub fn steps_are_bounded() {
    let endless = Scenario::new("endless", |_: &AtomicU32| {})
        .process("p", |word: &AtomicU32| while word.fetch_add(1, Relaxed) < u32::MAX {});
    for (limit, steps) in [(1, 1), (100, 100), (65_536, 65_536)] {
        let mut runner = Runner::new(&endless, limit, HANG).expect("a runner");
        for _ in 0..2 {
            let execution = runner.run(&Order::default()).expect("an execution");
            assert_eq!(execution.verdict, Verdict::OutOfSteps { limit: steps });
            assert_eq!(execution.steps.len() as u64, steps);
        }
    }
    for (limit, shown) in [(0, "0"), (65_537, "65,537")] {
        let error = explore(&endless, &Search::sampling(1).step_limit(limit)).expect_err("no");
        let sentence =
            format!("the search cannot be run: step_limit is {shown}; it can be 1 to 65,536");
        assert_eq!(error.to_string(), sentence);
    }
}

/// Nothing that a search cannot do is done in part, or for ever.
pub fn searches_that_cannot_run_are_refused() {
    let endless = Search { max_schedules: None, ..Search::sampling(1) };
    let deep = |depth| Search::new(Strategy::Pct { depth, seed: 1 });
    for (search, why) in [
        (Search::exhaustive(0).max_schedules(0), "max_schedules is 0"),
        (endless, "set max_schedules or max_time"),
        (deep(0), "the depth of PCT is 0; it can be 1 to 17"),
        (deep(18), "the depth of PCT is 18; it can be 1 to 17"),
    ] {
        let error = explore(&counters(1, 1), &search).expect_err(why).to_string();
        assert!(error.contains(why), "{error}");
    }
    let deepest = explore(&counters(1, 1), &deep(17).max_schedules(2)).expect("a search");
    assert_eq!(deepest.schedules, 2);
}

/// Two processes of 4,500 loads and stores lose updates in every random schedule.
/// The shortest schedule that does so is found, in memory that grows with the steps
/// and not with their square.
pub fn long_executions_are_minimised() {
    let output = command("minimise").output().expect("a child");
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let (schedule, memory) = told.trim().split_once(' ').expect("two words");
    assert!(["0,1", "1,0"].contains(&schedule), "{told}");
    let memory: u64 = memory.parse().expect("a number");
    assert!(memory < 200 << 10, "{memory} KiB");
}

/// Minimising takes no more time than the search: with none at all, one schedule
/// runs, and is told as it was.
pub fn minimising_ends_with_the_time_of_the_search() {
    let search_of = |time| Search::new(Strategy::Random { seed: 1 }).max_time(time);
    let short = search(&racy(20), &search_of(Duration::ZERO));
    let failure = short.failure.expect("a failure");
    assert_eq!(short.schedules, 1);
    assert!(failure.schedule.len() > 20, "{}", failure.schedule);
    let long = search(&racy(20), &search_of(Duration::MAX));
    assert!(long.failure.expect("a failure").schedule.len() <= 2);
}

/// A failure found after more steps than a search allows by default replays.
pub fn long_schedules_replay() {
    let scenario = Scenario::new("long", |_: &AtomicU32| {})
        .process("p", |word: &AtomicU32| (0..21_000).for_each(|_| _ = word.fetch_add(1, Relaxed)))
        .invariant("few", |end| match end.shared.load(Relaxed) {
            21_000 => Err("many".into()),
            _ => Ok(()),
        });
    let report = search(&scenario, &Search::exhaustive(0).step_limit(60_000));
    let failure = report.failure.expect("a failure");
    let again = replay(&scenario, &failure.schedule).expect("a replay");
    assert_eq!(again.verdict, failure.verdict);
}

pub fn time_bounds_a_search() {
    let limit = Duration::from_millis(200);
    let report = search(&counters(5, 50), &Search::unbounded().max_time(limit));
    assert!(!report.complete && report.elapsed_ms >= 200 && report.verdict.held(), "{report}");
    assert!(report.to_string().ends_with("not complete"), "{report}");
}

pub fn count_bounds_a_search() {
    for options in [Search::unbounded(), Search::sampling(1)] {
        let report = search(&counters(3, 50), &options.max_schedules(7));
        assert_eq!((report.schedules, report.complete), (7, false), "{report}");
    }
}

pub fn first_failure_ends_a_search_or_not() {
    let failing = || counters(2, 3).invariant("never", |_| Err("it is so".into()));
    for options in [Search::unbounded(), Search::sampling(1).max_schedules(9)] {
        let first = search(&failing(), &options.clone().stop_at_first_failure(true));
        assert_eq!((first.schedules, first.failed, first.complete), (1, 1, false), "{first}");
        let all = search(&failing(), &options.stop_at_first_failure(false));
        assert!(all.schedules > 1 && all.failed == all.schedules, "{all}");
    }
}

/// What is longer than a process can hand back is cut at a character.
pub fn long_results_are_cut() {
    let scenario = Scenario::new("long", |_: &AtomicU32| {}).process("p", |_| "ä".repeat(300));
    assert_eq!(execute(&scenario).outcome, "ä".repeat(127), "255 bytes, as under stress");
    let panics = Scenario::new("long", |_: &AtomicU32| {})
        .process("p", |_: &AtomicU32| -> () { panic!("{}", "x".repeat(1000)) });
    assert!(execute(&panics).verdict.to_string().contains("xxxx"));
}

/// Hash maps iterate in an order of their own, drawn at random: here it repeats.
pub fn hash_maps_iterate_in_the_same_order_again() {
    let scenario = Scenario::new("maps", |_: &AtomicU32| {}).processes(2, "p", |i, word| {
        let map: HashMap<usize, usize> = (0..20).map(|key| (key * 7 + i, key)).collect();
        word.fetch_add(1, Relaxed);
        let order: Vec<String> = map.keys().map(ToString::to_string).collect();
        order.join(" ")
    });
    let mut runner = Runner::new(&scenario, 1000, HANG).expect("a runner");
    let order = Order { policy: Policy::Random, seed: 3, ..Order::default() };
    let first = runner.run(&order).expect("an execution");
    for _ in 0..20 {
        let again = runner.run(&order).expect("an execution");
        assert_eq!((&again.outcome, &again.steps), (&first.outcome, &first.steps));
    }
    let report = search(&scenario, &Search::unbounded());
    assert_eq!((report.nondeterminism, report.outcomes.len()), (None, 1));
}

/// So do addresses: what was known of an instruction before leaves no trace.
pub fn heap_addresses_repeat() {
    let scenario = Scenario::new("heap", |_: &[AtomicU64; 4]| {}).processes(2, "p", |_, words| {
        let kept = Box::new([1u8; 100]);
        words[0].store(1, Relaxed);
        words[1].fetch_or(6, Relaxed);
        let more = Box::new([2u8; 5000]);
        words[2].swap(3, Relaxed);
        let last = Box::new(5u64);
        format!("{:p} {:p} {:p}", kept.as_ptr(), more.as_ptr(), last)
    });
    let mut runner = Runner::new(&scenario, 1000, HANG).expect("a runner");
    let first = runner.run(&Order::default()).expect("an execution").outcome;
    for _ in 0..5 {
        assert_eq!(runner.run(&Order::default()).expect("an execution").outcome, first);
    }
}

/// The environment is the program's own, in every execution.
pub fn environment_is_the_same_in_each_execution() {
    const NAME: &str = "SIMULATION_LIMITS";
    let scenario = Scenario::new("environment", |_: &AtomicU32| {}).processes(2, "p", |_, word| {
        let before = std::env::var_os(NAME).is_some();
        // SAFETY: this process has one thread.
        unsafe { std::env::set_var(NAME, "set") };
        word.fetch_add(1, Relaxed);
        before
    });
    let report = search(&scenario, &Search::unbounded());
    assert_eq!(report.outcomes[0].outcome, "false, false");
    assert_eq!((report.outcomes.len(), std::env::var_os(NAME)), (1, None));
}

/// Random bytes, from wherever they come, differ between processes and repeat.
pub fn random_bytes_repeat() {
    let scenario = Scenario::new("random", |_: &AtomicU32| {}).processes(2, "p", |_, word| {
        let mut bytes = [0u8; 8];
        // SAFETY: the bytes are valid for a write.
        let drawn = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), 8, 0) };
        word.fetch_add(1, Relaxed);
        format!("{drawn} {:x} {:x}", u64::from_le_bytes(bytes), RandomState::new().hash_one(1))
    });
    let report = search(&scenario, &Search::unbounded());
    assert_eq!((report.schedules, report.outcomes.len()), (2, 1), "{:?}", report.outcomes);
    let outcome = &report.outcomes[0].outcome;
    let (first, second) = outcome.split_once(", ").expect("two processes");
    assert!(first.starts_with("8 ") && first != second, "{outcome}");
}
