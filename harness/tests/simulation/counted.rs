//! Simulation, on scenarios whose schedules can be counted by hand.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime};

use shmkv::Semaphore;
use shmkv_harness::sim::{Reduction, Schedule, Search, Strategy, replay, state_graph};
use shmkv_harness::{Grade, Scenario, Verdict, shared};

use crate::common::search;

/// Two processes of two steps have 4! / (2! 2!) = 6 schedules, three have
/// 6! / 2!³ = 90, two of three steps 20.
pub fn independent_stores_interleave_in_all_ways() {
    for (processes, stores, schedules) in [(2, 2, 6), (3, 2, 90), (2, 3, 20)] {
        let scenario = Scenario::new("stores", |_: &[AtomicU32; 4]| {}).processes(
            processes,
            "p",
            move |i, words| (1..=stores).for_each(|value| words[i].store(value, Relaxed)),
        );
        let report = search(&scenario, &Search::unbounded().reduction(Reduction::None));
        assert_eq!((report.schedules, report.complete), (schedules, true));

        let merged = search(&scenario, &Search::unbounded().reduction(Reduction::States));
        assert_eq!(merged.without_reduction, Some(schedules.into()), "counted, not run");
        assert!(merged.schedules <= schedules, "{}", merged.schedules);

        let reduced = search(&scenario, &Search::unbounded());
        let orders: u64 = (1..=processes as u64).product();
        assert!(reduced.complete && reduced.schedules <= orders, "{}", reduced.schedules);
    }
}

fn racy_counter(processes: usize) -> Scenario<AtomicU32> {
    Scenario::new("counter", |_: &AtomicU32| {})
        .processes(processes, "p", |_, counter| {
            let seen = counter.load(Relaxed);
            counter.store(seen + 1, Relaxed);
        })
        .outcome(|end| end.shared.load(Relaxed).to_string())
        .invariant("no increment is lost", move |end| match end.shared.load(Relaxed) {
            n if n as usize == processes => Ok(()),
            n => Err(format!("the counter is {n}")),
        })
}

pub fn reduction_keeps_all_outcomes() {
    let outcomes = |search_for: &Search| {
        let report = search(&racy_counter(3), search_for);
        let mut words: Vec<String> = report.outcomes.into_iter().map(|row| row.outcome).collect();
        words.sort();
        words
    };
    assert_eq!(outcomes(&Search::unbounded()), ["1", "2", "3"]);
    assert_eq!(outcomes(&Search::unbounded().reduction(Reduction::None)), ["1", "2", "3"]);
}

/// Schedule: one loads, the other loads and stores, the first stores.
pub fn lost_update_is_found_by_every_strategy() {
    for strategy in [
        Strategy::Random { seed: 1 },
        Strategy::Pct { depth: 3, seed: 1 },
        Strategy::Pos { seed: 1 },
        Strategy::Surw { seed: 1 },
        Strategy::Exhaustive { preemptions: Some(1) },
        Strategy::Exhaustive { preemptions: None },
    ] {
        let report = search(&racy_counter(2), &Search::new(strategy));
        let failure = report.failure.expect("a failure");
        assert!(
            matches!(&failure.verdict, Verdict::Violated { detail, .. } if detail == "the counter is 1")
        );
        let schedule: Schedule = failure.schedule;
        assert!(["0,1", "1,0"].contains(&schedule.to_string().as_str()), "{strategy}: {schedule}");
        assert_eq!(report.nondeterminism, None);
    }
    let unpreempted = search(&racy_counter(2), &Search::exhaustive(0));
    assert_eq!((unpreempted.schedules, unpreempted.failed), (2, 0));
}

pub fn atomic_increment_holds_in_all_schedules() {
    let scenario = Scenario::new("counter", |_: &AtomicU32| {})
        .processes(3, "p", |_, counter| counter.fetch_add(1, Relaxed))
        .invariant("all count", |end| match end.shared.load(Relaxed) {
            3 => Ok(()),
            n => Err(n.to_string()),
        });
    let report = search(&scenario, &Search::unbounded());
    assert_eq!((report.verdict, report.complete), (Verdict::Held, true));
}

shared! {
    struct Guarded { first: Semaphore, second: Semaphore, counter: AtomicU32 }
}

fn guarded() -> Scenario<Guarded> {
    Scenario::new("guarded", |state: &Guarded| {
        state.first.init(1).expect("a semaphore");
        state.second.init(1).expect("a semaphore");
    })
}

pub fn semaphore_closes_the_race_in_all_schedules() {
    let scenario = guarded()
        .processes(2, "p", |_, state| {
            let _guard = state.first.guard().expect("the semaphore");
            let seen = state.counter.load(Relaxed);
            state.counter.store(seen + 1, Relaxed);
        })
        .invariant("none is lost", |end| match end.shared.counter.load(Relaxed) {
            2 => Ok(()),
            n => Err(n.to_string()),
        });
    let report = search(&scenario, &Search::unbounded());
    let timeline = report.failure.as_ref().map(|failure| failure.timeline.to_string());
    assert_eq!(
        (&report.verdict, report.complete),
        (&Verdict::Held, true),
        "{report}\n{timeline:?}"
    );
}

pub fn semaphore_taken_crosswise_deadlocks() {
    let scenario = guarded()
        .process("a", |state| {
            let _first = state.first.guard().expect("the semaphore");
            let _second = state.second.guard().expect("the semaphore");
        })
        .process("b", |state| {
            let _second = state.second.guard().expect("the semaphore");
            let _first = state.first.guard().expect("the semaphore");
        });
    let report = search(&scenario, &Search::exhaustive(1));
    let verdict = report.verdict.to_string();
    assert_eq!(
        verdict,
        "deadlock: a waits on second.value, held by b; b waits on first.value, held by a"
    );
}

pub fn killed_owner_leaves_the_others_waiting() {
    let scenario = guarded().processes(2, "p", |_, state| {
        let _guard = state.first.guard().expect("the semaphore");
        state.counter.fetch_add(1, Relaxed);
    });
    let report = search(&scenario, &Search::exhaustive(0).with_kills());
    assert!(report.verdicts["held"] > 0, "a kill outside the lock harms nobody");
    let failure = report.failure.expect("a failure");
    assert_eq!(failure.verdict.word(), "deadlock", "{}", failure.timeline);
    assert!(failure.schedule.to_string().contains('!'), "{}", failure.schedule);
}

pub fn one_that_waits_for_itself_is_told_so() {
    let scenario = guarded().process("p", |state| {
        std::mem::forget(state.first.guard().expect("the semaphore"));
        let _again = state.first.guard().expect("the semaphore");
    });
    let verdict = search(&scenario, &Search::exhaustive(0)).verdict;
    assert_eq!(verdict.to_string(), "deadlock: p waits on first.value, held by p");
    let forgets = guarded().processes(2, "p", |_, state| {
        std::mem::forget(state.first.guard().expect("the semaphore"));
    });
    let verdict = search(&forgets, &Search::exhaustive(0)).verdict;
    assert_eq!(
        verdict.to_string(),
        "deadlock: p 1 waits on first.value, taken by p 0, which has ended"
    );
}

/// A deadlock is an outcome with a name, which can be foreseen: in full, or as any.
pub fn deadlocks_can_be_foreseen() {
    let crosswise = || {
        guarded()
            .process("a", |state: &Guarded| {
                let _first = state.first.guard().expect("the semaphore");
                let _second = state.second.guard().expect("the semaphore");
            })
            .process("b", |state| {
                let _second = state.second.guard().expect("the semaphore");
                let _first = state.first.guard().expect("the semaphore");
            })
            .expect("returned, returned", Grade::Acceptable, "one after the other")
    };
    let name = "deadlock: a waits on second.value, held by b; b waits on first.value, held by a";
    for foreseen in [name, "deadlock"] {
        let scenario = crosswise().expect(foreseen, Grade::Interesting, "as it is known");
        let report = search(&scenario, &Search::exhaustive(1));
        assert_eq!((report.verdict, report.failed), (Verdict::Held, 0));
        let row = report.outcomes.iter().find(|row| row.outcome == name).expect("a deadlock");
        assert_eq!(
            (row.grade, row.reason.as_str(), row.failed),
            (Grade::Interesting, "as it is known", 0)
        );
    }
    for scenario in [crosswise(), crosswise().expect("deadlock", Grade::Forbidden, "")] {
        let report = search(&scenario, &Search::exhaustive(1));
        assert_eq!(report.verdict.to_string(), name);
        let row = report.outcomes.iter().find(|row| row.outcome == name).expect("a deadlock");
        assert_eq!((row.grade, row.failed), (Grade::Forbidden, row.count));
    }
}

/// Schedule: all. The outcome is the same whoever comes first; the invariant is not.
pub fn outcomes_tell_in_how_many_schedules_they_failed() {
    let scenario = Scenario::new("first", |_: &AtomicU32| {})
        .processes(2, "p", |i, word| {
            _ = word.compare_exchange(0, 1 + i as u32, Relaxed, Relaxed);
        })
        .invariant("process 0 is first", |end| match end.shared.load(Relaxed) {
            1 => Ok(()),
            n => Err(n.to_string()),
        });
    let report = search(&scenario, &Search::unbounded().reduction(Reduction::None));
    let row = &report.outcomes[0];
    assert_eq!((report.outcomes.len(), row.count, row.failed), (1, 2, 1));
    assert_eq!(row.grade, Grade::Acceptable);
}

/// Two processes at three places each make 9 states; in 4 of them the bytes or
/// what was read can differ: a second load sees 0 or 1, and a store leaves 1 or 2.
pub fn state_graph_has_all_states_and_ends() {
    let graph = state_graph(&racy_counter(2), 100).expect("a graph");
    assert!(graph.complete);
    let ends: Vec<_> = graph.states.iter().filter(|state| state.edges.is_empty()).collect();
    assert!(ends.iter().all(|end| end.verdict.is_some()));
    let mut outcomes: Vec<_> = ends.iter().filter_map(|end| end.outcome.clone()).collect();
    outcomes.sort();
    outcomes.dedup();
    assert_eq!(outcomes, ["1", "2"]);
    for state in graph.states.iter().filter(|state| !state.edges.is_empty()) {
        let movers: Vec<usize> = state.edges.iter().map(|edge| edge.process).collect();
        let ready =
            (0..2).filter(|p| state.processes[*p] == shmkv_harness::sim::ProcessState::Ready);
        assert_eq!(movers, ready.collect::<Vec<_>>(), "each that can go has an edge");
    }
    let cut = state_graph(&racy_counter(3), 20).expect("a graph");
    assert!(!cut.complete, "no more than asked for");
}

shared! {
    struct Named { counter: AtomicU32 }
}

pub fn timeline_is_drawn_as_text_and_picture() {
    let scenario = Scenario::new("named", |_: &Named| {})
        .processes(2, "p", |_, shared| {
            let seen = shared.counter.load(Relaxed);
            shared.counter.store(seen + 1, Relaxed);
        })
        .invariant("both <kept>", |end| match end.shared.counter.load(Relaxed) {
            2 => Ok(()),
            n => Err(format!("the counter is {n}")),
        });
    let failure = search(&scenario, &Search::exhaustive(1)).failure.expect("a failure");
    let text = failure.timeline.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    assert_eq!(lines.len(), 5, "{text}");
    assert!(lines[0].starts_with(" step  p 0"), "{text}");
    assert!(lines[1].contains("load counter = 0") && lines[1].contains("counted.rs:"), "{text}");
    assert!(lines[4].contains("store counter 1 → 1"), "{text}");
    let json = serde_json::to_value(&failure.timeline).expect("JSON");
    let files = json["rows"].as_array().expect("rows").iter().map(|row| &row["place"]["file"]);
    assert!(files.clone().all(|file| file == "harness/tests/simulation/counted.rs"), "{json}");
    assert_eq!(files.count(), 4);

    let svg = failure.timeline.to_svg();
    assert!(svg.contains("violated: both &lt;kept&gt;: the counter is 1"), "{svg}");
    assert_eq!(svg.matches("<rect").count(), 6, "paper, four steps and the verdict");
}

/// Schedule: a takes first; b looks at it, and sleeps; a goes on to its end. A second
/// time b comes in between a's look and its compare-exchange, and takes first.
pub fn a_semaphores_steps_are_one_row_where_nobody_comes_between() {
    let scenario = guarded()
        .process("a", |state| drop(state.first.guard().expect("the semaphore")))
        .process("b", |state| drop(state.first.guard().expect("the semaphore")));
    let rows = |schedule: &str| -> Vec<String> {
        let schedule: Schedule = schedule.parse().expect("a schedule");
        let replay = replay(&scenario, &schedule).expect("a replay");
        let rows = replay.timeline.rows.iter();
        let name = |process: usize| &replay.timeline.processes[process];
        rows.map(|row| format!("{} {}: {}", row.step, name(row.process), row.words())).collect()
    };
    assert_eq!(
        rows("0*2,1*4,0"),
        [
            "1 a: take first 1 → 0",
            "3 b: wait first = 0 (sleeps)",
            "7 a: post first 0 → 1 (wakes b)",
            "10 b: take first 1 → 0",
            "12 b: post first 0 → 1",
        ]
    );
    assert_eq!(
        rows("0,1*2,0")[..3],
        [
            "1 a: load first = 1",
            "2 b: take first 1 → 0",
            "4 a: compare-exchange first = 0 (changed meanwhile)",
        ]
    );
}

/// A sleep of an hour takes no time, and clocks say that it took an hour.
pub fn clocks_show_virtual_time() {
    let hour = Duration::from_secs(3600);
    let scenario = Scenario::new("an hour", |_: &AtomicU32| {}).process("p", move |_| {
        let (start, wall) = (Instant::now(), SystemTime::now());
        std::thread::sleep(hour);
        let walled = wall.elapsed().unwrap_or_default();
        format!("{} {}", start.elapsed().as_secs(), walled.as_secs())
    });
    let started = Instant::now();
    let report = search(&scenario, &Search::exhaustive(0));
    assert_eq!(report.outcomes[0].outcome, "3600 3600");
    assert!(started.elapsed() < hour);
    assert_eq!(report.nondeterminism, None);
}

/// Schedule: the spinner makes all its tries before the other makes its step.
/// The spinner lets the other go first after a while, unless it is made to go on.
pub fn one_that_gives_up_spinning_is_found() {
    let scenario = Scenario::new("spin", |_: &AtomicU32| {})
        .process("spinner", |flag: &AtomicU32| (0..12).any(|_| flag.load(Relaxed) == 1))
        .process("setter", |flag| flag.store(1, Relaxed));
    let outcomes = |preemptions| {
        let report = search(&scenario, &Search::exhaustive(preemptions));
        report.outcomes.into_iter().map(|row| row.outcome).collect::<Vec<_>>()
    };
    assert!(outcomes(2).contains(&"false, returned".to_owned()), "{:?}", outcomes(2));
}

/// Schedule: as above. That the spinner was made to go on is part of what fails,
/// though nobody else could have been chosen but the one who did not go.
pub fn shortest_failure_of_a_spinner_fails_again() {
    let scenario = Scenario::new("spin", |_: &AtomicU32| {})
        .process("spinner", |flag: &AtomicU32| (0..12).any(|_| flag.load(Relaxed) == 1))
        .process("setter", |flag| flag.store(1, Relaxed))
        .invariant("the store is seen", |end| match end.returned(0) {
            Some("true") => Ok(()),
            _ => Err("it is not".into()),
        });
    let report = search(&scenario, &Search::exhaustive(2));
    let failure = report.failure.expect("a failure");
    assert_eq!(failure.verdict.word(), "violated", "{}", failure.schedule);
}

shared! {
    struct Dekker { wants: [AtomicU32; 2], turn: AtomicU32, inside: AtomicU32, met: AtomicU32 }
}

/// Dekker's algorithm, twice for each process, but for one mistake: the way in is
/// taken as free before it is claimed.
fn dekker() -> Scenario<Dekker> {
    let enter = |me: usize, state: &Dekker| {
        let other = 1 - me;
        while state.wants[other].load(Relaxed) == 1 {
            if state.turn.load(Relaxed) as usize != me {
                state.wants[me].store(0, Relaxed);
                while state.turn.load(Relaxed) as usize != me {}
            }
        }
        state.wants[me].store(1, Relaxed);
    };
    Scenario::new("dekker", |_: &Dekker| {})
        .processes(2, "p", move |me, state| {
            for _ in 0..2 {
                enter(me, state);
                if state.inside.swap(1, Relaxed) == 1 {
                    state.met.store(1, Relaxed);
                }
                state.inside.store(0, Relaxed);
                state.turn.store(1 - me as u32, Relaxed);
                state.wants[me].store(0, Relaxed);
            }
        })
        .invariant("they do not meet", |end| match end.shared.met.load(Relaxed) {
            0 => Ok(()),
            _ => Err("they do".into()),
        })
}

/// Two changes of priority at the right steps of some thirty show the mistake. With
/// depth 3 they are drawn about once in a hundred schedules, if the length of an
/// execution is known and no spinner keeps the other from its steps.
pub fn pct_finds_bugs_among_spinners() {
    let pct = Search::new(Strategy::Pct { depth: 3, seed: 1 });
    let report = search(&dekker(), &pct.max_schedules(1_000).stop_at_first_failure(false));
    assert!(report.verdicts.get("violated") > Some(&4), "{report}: {:?}", report.verdicts);
}

pub fn one_that_spins_forever_is_a_livelock() {
    let scenario = Scenario::new("spin", |_: &AtomicU32| {})
        .process("spinner", |flag: &AtomicU32| while flag.load(Relaxed) == 0 {});
    let report = search(&scenario, &Search::exhaustive(0).step_limit(1000));
    assert_eq!(
        report.verdict.to_string(),
        "livelock: spinner repeats its steps for ever; nothing is new after step 1"
    );
    let counts = Scenario::new("spin", |_: &AtomicU32| {}).process("spinner", |flag| {
        let mut tries = 0u64;
        while flag.load(Relaxed) == 0 {
            tries += 1;
        }
        tries
    });
    let report = search(&counts, &Search::exhaustive(0).step_limit(1000));
    assert_eq!(
        report.verdict.to_string(),
        "livelock: nothing new after step 1; given up at the limit of 1,000 steps"
    );
}

/// Each step changes the count: it ends where the limit allows it, and where it does
/// not, the verdict says so and no more.
pub fn productive_steps_are_no_livelock() {
    let scenario = Scenario::new("counts", |_: &AtomicU32| {})
        .processes(2, "p", |_, count| (0..300).for_each(|_| _ = count.fetch_add(1, Relaxed)));
    let cut = search(&scenario, &Search::exhaustive(0).step_limit(500)).verdict;
    assert_eq!(
        cut.to_string(),
        "out of steps: not at an end after 500 steps; raise the step limit to go on"
    );
    assert_eq!(search(&scenario, &Search::exhaustive(0).step_limit(601)).verdict, Verdict::Held);
}

/// Schedule: the default, which lets time pass whenever the spinner has seen enough;
/// nothing of it need be written down.
pub fn one_that_spins_while_time_passes_needs_no_schedule() {
    let scenario = Scenario::new("spin", |_: &[AtomicU32; 2]| {})
        .process("spinner", |[flag, _]: &[AtomicU32; 2]| while flag.load(Relaxed) == 0 {})
        .process("ticker", |[_, ticks]: &[AtomicU32; 2]| {
            for _ in 0..1000 {
                std::thread::sleep(Duration::from_secs(1));
                ticks.fetch_add(1, Relaxed);
            }
        });
    let report = search(&scenario, &Search::exhaustive(0).step_limit(500));
    assert_eq!(report.verdict, Verdict::OutOfSteps { limit: 500 });
    assert_eq!(report.failure.expect("a failure").schedule, Schedule::default());
}

pub fn segment_left_behind_is_a_leak_and_removed() {
    let name = format!("shmkv-sim-{}-leak", std::process::id());
    let path = format!("/dev/shm/{name}");
    let made = path.clone();
    let scenario = Scenario::new("leak", |_: &AtomicU32| {}).processes(2, "p", move |_, count| {
        if count.fetch_add(1, Relaxed) == 1 {
            drop(std::fs::File::create(&made).expect("a segment"));
        }
    });
    let report = search(&scenario, &Search::exhaustive(0));
    assert_eq!(report.verdict, Verdict::Leaked { what: format!("segment /{name}") });
    assert_eq!((report.schedules, report.failed), (2, 2));
    assert!(!std::path::Path::new(&path).exists(), "it is removed");
}
