//! Processes that poll: within the bound, each execution in which they poll on is
//! covered, or the search says that it is not.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed, Ordering::SeqCst};
use std::time::{Duration, Instant};

use shmkv_harness::sim::{Reduction, Search, Strategy, replay};
use shmkv_harness::{Scenario, Verdict};

use crate::common::search;

/// A writer that makes the version odd, writes two words, and makes it even; a
/// reader that believes its copy after `tries` tries.
fn believes_after(tries: u32) -> Scenario<[AtomicU32; 3]> {
    Scenario::new("pair", |_: &[AtomicU32; 3]| {})
        .process("writer", |[version, words @ ..]| {
            version.store(1, SeqCst);
            words.iter().for_each(|word| word.store(1, SeqCst));
            version.store(2, SeqCst);
        })
        .process("reader", move |[version, words @ ..]| {
            let mut copy = [0; 2];
            for _ in 0..tries {
                let before = version.load(SeqCst);
                copy = [words[0].load(SeqCst), words[1].load(SeqCst)];
                if before % 2 == 0 && version.load(SeqCst) == before {
                    break;
                }
            }
            assert!(copy[0] == copy[1], "torn after {tries} tries");
        })
}

/// Schedule: the writer is preempted between its two words; the reader makes all its
/// tries. One preemption, however many tries.
pub fn reader_that_believes_after_some_tries_is_found_with_one_preemption() {
    for tries in [1, 2, 3, 8, 100, 400] {
        let scenario = believes_after(tries);
        let none = search(&scenario, &Search::exhaustive(0));
        assert!(none.verdict.held() && none.complete, "{tries}: {none}");
        for reduction in [Reduction::States, Reduction::Conflicts] {
            let options = Search::exhaustive(1).stop_at_first_failure(true).reduction(reduction);
            let report = search(&scenario, &options);
            assert_eq!(report.verdict.word(), "panicked", "{tries}, {reduction:?}: {report}");
            let failure = report.failure.expect("a failure");
            let again = replay(&scenario, &failure.schedule).expect("a replay");
            assert_eq!(again.verdict, failure.verdict, "{tries}: {}", failure.schedule);
        }
    }
}

/// Sampling finds it too: whoever polls goes on, now and then.
pub fn sampling_lets_a_reader_believe_after_a_hundred_tries() {
    for strategy in [Strategy::Pct { depth: 2, seed: 1 }, Strategy::Surw { seed: 1 }] {
        let report = search(&believes_after(8), &Search::new(strategy).max_schedules(2000));
        assert_eq!(report.verdict.word(), "panicked", "{report}");
    }
    let strategy = Strategy::Pct { depth: 2, seed: 1 };
    let report = search(&believes_after(100), &Search::new(strategy).max_schedules(2000));
    assert_eq!(report.verdict.word(), "panicked", "{report}");
}

/// A lock that is taken by polling, and given back.
fn spin_lock(counts: bool) -> Scenario<[AtomicU32; 3]> {
    Scenario::new("spin lock", |_: &[AtomicU32; 3]| {})
        .processes(2, "p", move |_, [lock, value, _]| {
            let mut tries = 0;
            while lock.swap(1, SeqCst) == 1 {
                tries += u32::from(counts);
            }
            let seen = value.load(Relaxed);
            value.store(seen + 1, Relaxed);
            lock.store(0, SeqCst);
            tries
        })
        .outcome(|_| "done".into())
        .invariant("no increment is lost", |end| match end.shared[1].load(Relaxed) {
            2 => Ok(()),
            value => Err(format!("{value}")),
        })
}

/// A process that only waits for another's store is the same after each round: that it
/// polls on for ever is no execution that is left out.
pub fn loops_that_only_another_can_end_are_complete() {
    for options in [Search::exhaustive(0), Search::exhaustive(2), Search::unbounded()] {
        let report = search(&spin_lock(false), &options);
        assert!(report.verdict.held() && report.complete, "{report}");
        assert_eq!(report.spins_cut, None);
    }
}

/// One that counts its tries might do anything at the next: after so many turns the
/// search says that it has not seen all.
pub fn search_of_a_loop_that_counts_is_not_complete() {
    let options = Search::exhaustive(1).spin_turns(2);
    let report = search(&spin_lock(true), &options);
    assert!(report.verdict.held() && !report.complete, "{report}");
    assert_eq!(report.spins_cut, Some(2));
    assert!(
        report.to_string().ends_with("; not complete: spins were cut after 2 turns"),
        "{report}"
    );
}

/// As many turns as a bounded loop needs, and the search is complete.
pub fn turns_decide_how_far_a_bounded_loop_is_followed() {
    let scenario = |tries| {
        Scenario::new("spin", |_: &AtomicU32| {})
            .process("spinner", move |flag: &AtomicU32| (0..tries).any(|_| flag.load(Relaxed) == 1))
            .process("other", |flag| flag.store(1, Relaxed))
    };
    for (tries, turns, complete) in [(12, 0, false), (12, 1, true), (60, 2, false), (60, 3, true)] {
        let report = search(&scenario(tries), &Search::exhaustive(0).spin_turns(turns));
        assert_eq!(report.complete, complete, "{tries} tries, {turns} turns: {report}");
        let gave_up = report.outcomes.iter().any(|row| row.outcome.starts_with("false"));
        assert_eq!(gave_up, complete, "{tries} tries, {turns} turns: {:?}", report.outcomes);
    }
}

/// All that are left repeat what they did: that is found after a few rounds, and is
/// not taken from those that count.
pub fn livelock_is_a_state_that_repeats() {
    let scenario = Scenario::new("both wait", |_: &[AtomicU32; 2]| {}).processes(
        2,
        "p",
        |i, flags: &[AtomicU32; 2]| while flags[1 - i].load(Relaxed) == 0 {},
    );
    let report = search(&scenario, &Search::exhaustive(1));
    assert_eq!(report.verdict.word(), "livelock", "{report}");
    let Verdict::Livelock { loopers, steps, .. } = report.verdict else { return };
    assert_eq!(loopers, ["p 0", "p 1"]);
    assert!(steps < 200, "{steps} steps");
}

/// A loop that is found while another sleeps is looked at again when that has ended:
/// in the execution that a search found, and in each repetition of it.
pub fn livelock_beside_a_sleeper_is_repeated() {
    let scenario = Scenario::new("sleeper", |_: &[AtomicU32; 1]| {})
        .process("poller", |[word]| while word.load(SeqCst) == 0 {})
        .process("sleeper", |_| std::thread::sleep(Duration::from_secs(60)));
    let report = search(&scenario, &Search::exhaustive(2).max_schedules(1));
    assert_eq!(report.nondeterminism, None);
    let found = report.failure.expect("an execution that failed");
    assert_eq!(found.verdict.word(), "livelock");
    let again = replay(&scenario, &found.schedule).expect("a schedule that was found");
    assert_eq!(again.verdict, found.verdict);
}

/// A process waits for a flag, and gives up when its time is over; the other hands
/// over just then.
fn deadline() -> Scenario<[AtomicU32; 2]> {
    Scenario::new("deadline", |_: &[AtomicU32; 2]| {})
        .process("waiter", |[flag, taken]: &[AtomicU32; 2]| {
            let start = Instant::now();
            while flag.load(SeqCst) == 0 {
                if start.elapsed() > Duration::from_secs(5) {
                    return;
                }
            }
            taken.store(1, SeqCst);
        })
        .process("giver", |[flag, _]| flag.store(1, SeqCst))
        .invariant("what was given was taken", |end| match end.shared[1].load(SeqCst) {
            1 => Ok(()),
            _ => Err("it was not".into()),
        })
}

/// Schedule: the waiter polls until its deadline has passed, the giver comes late.
pub fn polled_deadlines_can_pass() {
    for options in [
        Search::exhaustive(0),
        Search::exhaustive(1),
        Search::unbounded(),
        Search::new(Strategy::Pct { depth: 1, seed: 1 }),
        Search::new(Strategy::Random { seed: 1 }).with_early_timeouts(),
        Search::sampling(1).with_early_timeouts(),
    ] {
        let report = search(&deadline(), &options);
        assert_eq!(report.verdict.word(), "violated", "{report}");
        let failure = report.failure.expect("a failure");
        let again = replay(&deadline(), &failure.schedule).expect("a replay");
        assert_eq!((&again.verdict, &again.timeline), (&failure.verdict, &failure.timeline));
    }
}

/// Schedule: an hour passes between the store and the look at the clock.
pub fn time_can_be_late_at_any_look_at_the_clock() {
    let scenario = Scenario::new("lease", |_: &[AtomicU32; 2]| {})
        .process("holder", |[word, _]: &[AtomicU32; 2]| {
            let start = Instant::now();
            word.store(1, SeqCst);
            assert!(start.elapsed() < Duration::from_secs(60), "the lease is over");
        })
        .process("other", |[_, word]| word.store(1, SeqCst));
    let report = search(&scenario, &Search::exhaustive(3));
    assert!(report.verdict.held() && report.complete && report.time_matters, "{report}");
    assert!(report.to_string().contains("without early timeouts"), "{report}");
    let none = search(&scenario, &Search::exhaustive(0).with_early_timeouts());
    assert!(none.verdict.held() && none.complete, "{none}");
    for options in [
        Search::exhaustive(1).with_early_timeouts(),
        Search::exhaustive(1).with_early_timeouts().reduction(Reduction::None),
        Search::delayed(1).with_early_timeouts(),
        Search::sampling(1).with_early_timeouts(),
        Search::new(Strategy::Random { seed: 1 }).with_early_timeouts(),
    ] {
        let report = search(&scenario, &options);
        assert!(matches!(report.verdict, Verdict::Panicked { .. }), "{report}");
        let failure = report.failure.expect("a failure");
        assert!(failure.schedule.to_string().contains('~'), "{}", failure.schedule);
        let again = replay(&scenario, &failure.schedule).expect("a replay");
        assert_eq!((&again.verdict, &again.timeline), (&failure.verdict, &failure.timeline));
    }
}

/// A lost update of one preemption, among many processes that do the same.
pub fn lost_update_among_many_processes_is_found_soon() {
    for count in [4, 6, 8, 12, 31] {
        let scenario = Scenario::new("counter", |_: &AtomicU32| {})
            .processes(count, "p", |_, word: &AtomicU32| {
                word.store(word.load(SeqCst) + 1, SeqCst);
            })
            .invariant("no increment is lost", move |end| match end.shared.load(SeqCst) {
                found if found as usize == count => Ok(()),
                found => Err(format!("{found} of {count}")),
            });
        let options = Search::exhaustive(1).stop_at_first_failure(true).max_schedules(100);
        let report = search(&scenario, &options);
        assert_eq!(report.verdict.word(), "violated", "{count} processes: {report}");
    }
}

/// What a process counts may be anywhere in its memory.
pub fn tries_counted_in_any_memory_are_followed_to_their_end() {
    static TRIES: AtomicU32 = AtomicU32::new(0);
    let on_the_heap = Scenario::new("heap", |_: &AtomicU32| {})
        .process("spinner", |flag: &AtomicU32| {
            let tries = Box::new(AtomicU32::new(0));
            while flag.load(SeqCst) == 0 {
                if tries.fetch_add(1, SeqCst) == 40 {
                    return "gave up";
                }
            }
            "saw it"
        })
        .process("other", |flag| flag.store(1, SeqCst));
    let in_a_static = Scenario::new("static", |_: &AtomicU32| {})
        .process("spinner", |flag: &AtomicU32| {
            while flag.load(SeqCst) == 0 {
                if TRIES.fetch_add(1, SeqCst) == 40 {
                    return "gave up";
                }
            }
            "saw it"
        })
        .process("other", |flag| flag.store(1, SeqCst));
    for scenario in [on_the_heap, in_a_static] {
        let report = search(&scenario, &Search::exhaustive(0));
        let seen: Vec<&str> = report.outcomes.iter().map(|row| row.outcome.as_str()).collect();
        assert!(seen.contains(&"gave up, returned"), "{}: {report}: {seen:?}", scenario.name);
        assert!(report.complete, "{report}");
    }
}

/// Memory that is mapped while a process runs is not known to be as it was: such a
/// process may change, and is followed as long as it may go on.
pub fn process_that_maps_memory_is_not_taken_to_loop() {
    let scenario = Scenario::new("maps", |_: &AtomicU32| {})
        .process("spinner", |flag: &AtomicU32| {
            let (protection, flags) = (libc::PROT_READ, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
            // SAFETY: a new mapping, which replaces nothing.
            let map = unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, flags, -1, 0) };
            assert_ne!(map, libc::MAP_FAILED);
            while flag.load(SeqCst) == 0 {}
        })
        .process("other", |flag| flag.store(1, SeqCst));
    let report = search(&scenario, &Search::exhaustive(0).spin_turns(2));
    assert!(report.verdict.held() && report.spins_cut == Some(2), "{report}");
}
