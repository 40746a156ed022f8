//! Time is virtual: it passes when nothing else can be done.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use shmkv::{Deadline, Semaphore};
use shmkv_harness::sim::{Op, Reduction, Search, Strategy, replay};
use shmkv_harness::{Scenario, shared};

use crate::common::{assert_holds, execute, search, unsound};

shared! {
    struct Waiting { semaphore: Semaphore, word: AtomicU32 }
}

const HOUR: Duration = Duration::from_secs(3600);

/// Schedule: the waiter waits; its time comes although the poster could go on;
/// the poster posts to one that has given up.
fn giving_up() -> Scenario<Waiting> {
    Scenario::new("giving up", |state: &Waiting| {
        state.semaphore.init(0).expect("a semaphore");
    })
    .process("waiter", |state| {
        let until = Deadline::after(Duration::from_millis(10));
        state.semaphore.wait_until(until).is_ok()
    })
    .process("poster", |state| {
        state.word.store(1, Relaxed);
        state.semaphore.post().expect("a post");
    })
    .invariant("nothing is left over", |end| match end.shared.semaphore.value() {
        0 => Ok(()),
        _ => Err("a post that nobody waits for".into()),
    })
}

/// A timed wait can end while others could go on: that is a preemption, as if the
/// waiter had been fast and all others slow.
pub fn waits_may_end_while_others_could_go_on() {
    for (search_for, fails) in [
        (Search::exhaustive(3), false),
        (Search::sampling(1).max_schedules(100), false),
        (Search::exhaustive(0).with_early_timeouts(), false),
        (Search::exhaustive(1).with_early_timeouts(), true),
        (Search::exhaustive(1).with_early_timeouts().reduction(Reduction::None), true),
        (Search::new(Strategy::Random { seed: 1 }).with_early_timeouts(), true),
        (Search::new(Strategy::Pct { depth: 3, seed: 1 }).with_early_timeouts(), true),
        (Search::new(Strategy::Pos { seed: 1 }).with_early_timeouts(), true),
        (Search::new(Strategy::Surw { seed: 1 }).with_early_timeouts(), true),
    ] {
        let report = search(&giving_up(), &search_for);
        assert_eq!(report.verdict.word(), if fails { "violated" } else { "held" }, "{report}");
        let Some(failure) = report.failure else { continue };
        let again = replay(&giving_up(), &failure.schedule).expect("a replay");
        assert_eq!((&again.verdict, &again.timeline), (&failure.verdict, &failure.timeline));
        let words: Vec<String> = again.timeline.rows.iter().map(|row| row.words()).collect();
        let shown = words.join("\n");
        let early = shown.contains("timeout") && shown.contains("others could go on");
        let late = shown.contains("an hour later") && shown.contains("its time has passed");
        assert!(early || late, "{shown}");
    }
}

pub fn sleeps_take_virtual_time_only() {
    let started = Instant::now();
    assert_holds(|_: &AtomicU32| {
        for _ in 0..100 {
            let (before, wall) = (Instant::now(), SystemTime::now());
            std::thread::sleep(HOUR);
            let (passed, wall) = (before.elapsed(), wall.elapsed().expect("later"));
            assert!(passed >= HOUR && passed < HOUR + Duration::from_millis(1), "{passed:?}");
            assert!(wall >= HOUR && wall < HOUR + Duration::from_millis(1), "{wall:?}");
        }
    });
    assert!(started.elapsed() < HOUR);
}

/// Sleeps that end only in hundreds of years end, as all do. Schedule: both sleep; a
/// timed wait of such a length ends, too.
pub fn sleeps_without_end_pass_as_others() {
    let scenario = Scenario::new("long sleeps", |_: &AtomicU32| {})
        .processes(2, "sleeper", |_, word| {
            std::thread::sleep(Duration::MAX);
            std::thread::sleep(Duration::from_secs(u64::MAX));
            word.fetch_add(1, Relaxed);
        })
        .process("waiter", |word| {
            let endless = libc::timespec { tv_sec: i64::MAX, tv_nsec: 0 };
            let (op, value) = (libc::FUTEX_WAIT, 7);
            word.fetch_add(7, Relaxed);
            // SAFETY: the word and the time are valid until the call returns.
            unsafe { libc::syscall(libc::SYS_futex, word, op, value, &raw const endless) }
        })
        .outcome(|end| end.shared.load(Relaxed).to_string());
    let execution = execute(&scenario);
    assert!(execution.verdict.held(), "{}", execution.verdict);
    assert_eq!(execution.outcome, "9");
}

/// All ways to ask for the time and to let it pass.
pub fn all_clocks_are_virtual() {
    assert_holds(|_: &AtomicU32| {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
        assert_eq!(now(), 1_000_000_000);
        let mut seconds = 0;
        // SAFETY: the result is valid for a write.
        assert_eq!(unsafe { libc::time(&raw mut seconds) }, 1_000_000_000);
        assert_eq!(seconds, 1_000_000_000);
        // SAFETY: a null pointer asks for the result only.
        assert_eq!(unsafe { libc::time(std::ptr::null_mut()) }, 1_000_000_000);
        let mut time = libc::timeval { tv_sec: 0, tv_usec: 0 };
        // SAFETY: the result is valid for a write.
        assert_eq!(unsafe { libc::gettimeofday(&raw mut time, std::ptr::null_mut()) }, 0);
        assert_eq!(time.tv_sec, 1_000_000_000);
        for clock in 0..20 {
            let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
            // SAFETY: the result is valid for a write.
            let result = unsafe { libc::clock_gettime(clock, &raw mut time) };
            let exists = clock <= libc::CLOCK_TAI && clock != 10;
            assert_eq!(
                (result, time.tv_sec),
                if exists { (0, 1_000_000_000) } else { (-1, 0) },
                "{clock}"
            );
        }
    });
}

/// The processor's own counter, by both instructions that read it.
pub fn counter_of_the_processor_is_virtual() {
    let scenario = Scenario::new("counter", |_: &AtomicU32| {}).process("p", |_: &AtomicU32| {
        let mut processor = 7;
        // SAFETY: every x86-64 processor of this century has the instruction.
        let first = unsafe { core::arch::x86_64::_rdtsc() };
        // SAFETY: as above; the result is valid for a write.
        let second = unsafe { core::arch::x86_64::__rdtscp(&raw mut processor) };
        format!("{first} {} {processor}", second - first)
    });
    for _ in 0..3 {
        assert_eq!(execute(&scenario).outcome, "1000000000000001000 1000 0");
    }
}

pub fn all_sleeps_are_virtual() {
    let sleeps: [fn(); 8] = [
        || _ = unsound! { libc::usleep(500_000) },
        || _ = unsound! { libc::sleep(1) },
        || _ = unsound! { libc::poll(std::ptr::null_mut(), 0, 700) },
        || {
            let mut time = libc::timeval { tv_sec: 0, tv_usec: 600_000 };
            let none = std::ptr::null_mut();
            _ = unsound! { libc::select(0, none, none, none, &raw mut time) };
        },
        || {
            let time = libc::timespec { tv_sec: 0, tv_nsec: 600_000_000 };
            let none = std::ptr::null_mut();
            _ = unsound! { libc::pselect(0, none, none, none, &raw const time, std::ptr::null()) };
        },
        || {
            let time = libc::timespec { tv_sec: 0, tv_nsec: 600_000_000 };
            _ = unsound! { libc::ppoll(std::ptr::null_mut(), 0, &raw const time, std::ptr::null()) };
        },
        || {
            let time = libc::timespec { tv_sec: 1, tv_nsec: 0 };
            _ = unsound! { libc::nanosleep(&raw const time, std::ptr::null_mut()) };
        },
        || {
            let time = libc::timespec { tv_sec: 1_000_000_001, tv_nsec: 0 };
            let (clock, absolute) = (libc::CLOCK_REALTIME, libc::TIMER_ABSTIME);
            _ = unsound! {
                libc::clock_nanosleep(clock, absolute, &raw const time, std::ptr::null_mut())
            };
        },
    ];
    for (i, sleep) in sleeps.into_iter().enumerate() {
        let scenario = Scenario::new("sleep", |_: &AtomicU32| {}).process("p", move |_| {
            let before = Instant::now();
            sleep();
            let passed = before.elapsed();
            assert!((450..1100).contains(&passed.as_millis()), "{passed:?}");
        });
        let execution = execute(&scenario);
        assert!(execution.verdict.held(), "sleep {i}: {}", execution.verdict);
        assert_eq!(
            execution.steps.iter().map(|step| step.what.op).collect::<Vec<_>>(),
            [Op::Sleep],
            "{i}"
        );
    }
}

pub fn impossible_times_are_errors() {
    assert_holds(|_: &AtomicU32| {
        let none = std::ptr::null_mut();
        let errno = || std::io::Error::last_os_error().raw_os_error();
        for (tv_sec, tv_nsec) in [(0, 1_000_000_000), (-1, 0), (0, -1)] {
            let time = libc::timespec { tv_sec, tv_nsec };
            // SAFETY: the time is valid for a read.
            let result = unsafe { libc::nanosleep(&raw const time, none) };
            assert_eq!((result, errno()), (-1, Some(libc::EINVAL)));
        }
        // SAFETY: the call is to fail.
        let result = unsafe { libc::nanosleep(std::ptr::dangling(), none) };
        assert_eq!((result, errno()), (-1, Some(libc::EFAULT)));
    });
}

/// A time that lies in shared memory is read by steps.
pub fn times_in_shared_memory_are_read() {
    let scenario =
        Scenario::new("shared time", |time: &[AtomicU64; 2]| time[1].store(5000, Relaxed)).process(
            "p",
            |time| {
                // SAFETY: a timespec is two numbers of 64 bits.
                let result = unsafe { libc::nanosleep(time.as_ptr().cast(), std::ptr::null_mut()) };
                assert_eq!(result, 0);
                // SAFETY: as above.
                assert_eq!(unsafe { libc::clock_gettime(0, time.as_ptr().cast_mut().cast()) }, 0);
                time[0].load(Relaxed)
            },
        );
    let execution = execute(&scenario);
    assert_eq!(execution.outcome, "1000000000", "{}", execution.verdict);
}

/// Schedule: both sleep; the one with the earlier end wakes first.
pub fn sleepers_wake_in_order_of_time() {
    let scenario = Scenario::new("order", |_: &AtomicU32| {}).processes(3, "p", |i, word| {
        std::thread::sleep(Duration::from_millis(30 - 10 * i as u64));
        word.fetch_add(1, Relaxed)
    });
    assert_eq!(execute(&scenario).outcome, "2, 1, 0");
}

/// A loop that waits for a time sees it come.
pub fn busy_waits_for_a_time_end() {
    assert_holds(|_: &AtomicU32| {
        let start = Instant::now();
        while start.elapsed() < Duration::from_millis(2) {
            std::hint::spin_loop();
        }
    });
    let scenario = Scenario::new("yielding", |_: &AtomicU32| {}).processes(2, "p", |_, word| {
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(50) {
            word.load(Relaxed);
            std::thread::yield_now();
        }
    });
    assert!(execute(&scenario).verdict.held());
}

/// Who sleeps until the other "must be done" is right while nobody is delayed,
/// and wrong with one preemption: the sleeper is woken before the other went on.
pub fn sleep_is_no_synchronisation() {
    let scenario = Scenario::new("sleep", |_: &AtomicU32| {})
        .process("writer", |word| {
            word.store(1, Relaxed);
            word.store(2, Relaxed);
        })
        .process("reader", |word| {
            std::thread::sleep(HOUR);
            word.load(Relaxed)
        })
        .invariant("the reader sees all", |end| match end.returned(1) {
            Some("2") => Ok(()),
            other => Err(format!("{other:?}")),
        });
    let report = search(&scenario, &Search::exhaustive(0));
    assert!(report.verdict.held() && report.complete, "{report}");
    let report = search(&scenario, &Search::exhaustive(1));
    assert_eq!(report.verdict.word(), "violated", "{report}");
    assert!(report.failure.is_some() && report.nondeterminism.is_none());
    for search_for in
        [Search::sampling(1), Search::new(shmkv_harness::sim::Strategy::Random { seed: 1 })]
    {
        let report = search(&scenario, &search_for.max_schedules(200));
        assert_eq!(report.verdict.word(), "violated", "{report}");
    }
}

/// A sleep that is over already is no reason to wait for others.
pub fn sleep_of_no_length_lets_nobody_pass() {
    let scenario = Scenario::new("zero", |_: &AtomicU32| {}).processes(2, "p", |_, word| {
        let seen = word.load(Relaxed);
        std::thread::sleep(Duration::ZERO);
        // SAFETY: a time that is valid for a read.
        unsafe { libc::usleep(0) };
        word.store(seen + 1, Relaxed);
        seen
    });
    assert_eq!(execute(&scenario).outcome, "0, 1");
}
