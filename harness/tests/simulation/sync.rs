//! glibc's synchronisation, unchanged, between simulated processes.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use shmkv_harness::sim::Search;
use shmkv_harness::{Scenario, Shared, Verdict, shared};

use crate::common::{assert_holds, execute, search};

/// One of glibc's objects, made to be shared between processes.
#[repr(transparent)]
pub struct Object<T>(UnsafeCell<MaybeUninit<T>>);

// SAFETY: glibc's objects synchronise themselves, and are initialised before use.
unsafe impl<T> Sync for Object<T> {}

// SAFETY: any bytes are valid for glibc's structs of numbers; each is changed
// through its address only, and holds no pointer but those of its own list.
unsafe impl<T: 'static> Shared for Object<T> {}

impl<T> Object<T> {
    pub fn get(&self) -> *mut T {
        self.0.get().cast()
    }
}

shared! {
    pub struct State {
        pub mutex: Object<libc::pthread_mutex_t>,
        pub condition: Object<libc::pthread_cond_t>,
        pub lock: Object<libc::pthread_rwlock_t>,
        pub barrier: Object<libc::pthread_barrier_t>,
        pub semaphore: Object<libc::sem_t>,
        pub word: AtomicU32,
        pub count: AtomicU32,
    }
}

/// glibc, with what its bindings lack.
pub mod c {
    pub use libc::*;

    unsafe extern "C" {
        pub fn sem_clockwait(sem: *mut sem_t, clock: clockid_t, until: *const timespec) -> c_int;
        pub fn pthread_rwlock_timedwrlock(
            lock: *mut pthread_rwlock_t,
            until: *const timespec,
        ) -> c_int;
    }
}

/// Calls a function of libc's and returns its result: 0, -1, or an error number.
macro_rules! call {
    ($function:ident($($argument:expr),*)) => {
        // SAFETY: the objects are initialised, and live as long as the state.
        unsafe { $crate::sync::c::$function($($argument),*) }
    };
}
pub(crate) use call;

/// `call!`, which must return 0.
macro_rules! ok {
    ($function:ident($($argument:expr),*)) => {
        assert_eq!($crate::sync::call!($function($($argument),*)), 0, stringify!($function))
    };
}
pub(crate) use ok;

/// Initialises a mutex of `kind`, robust or not.
pub fn initialise_mutex(mutex: &Object<libc::pthread_mutex_t>, kind: i32, robust: bool) {
    let mut attributes = MaybeUninit::uninit();
    ok!(pthread_mutexattr_init(attributes.as_mut_ptr()));
    ok!(pthread_mutexattr_setpshared(attributes.as_mut_ptr(), libc::PTHREAD_PROCESS_SHARED));
    ok!(pthread_mutexattr_settype(attributes.as_mut_ptr(), kind));
    let robustness = if robust { libc::PTHREAD_MUTEX_ROBUST } else { libc::PTHREAD_MUTEX_STALLED };
    ok!(pthread_mutexattr_setrobust(attributes.as_mut_ptr(), robustness));
    ok!(pthread_mutex_init(mutex.get(), attributes.as_ptr()));
}

/// Initialises all objects; the mutex of `kind`, robust or not.
pub fn initialise(state: &State, kind: i32, robust: bool) {
    let shared = libc::PTHREAD_PROCESS_SHARED;
    initialise_mutex(&state.mutex, kind, robust);

    let mut attributes = MaybeUninit::uninit();
    ok!(pthread_condattr_init(attributes.as_mut_ptr()));
    ok!(pthread_condattr_setpshared(attributes.as_mut_ptr(), shared));
    ok!(pthread_condattr_setclock(attributes.as_mut_ptr(), libc::CLOCK_MONOTONIC));
    ok!(pthread_cond_init(state.condition.get(), attributes.as_ptr()));

    let mut attributes = MaybeUninit::uninit();
    ok!(pthread_rwlockattr_init(attributes.as_mut_ptr()));
    ok!(pthread_rwlockattr_setpshared(attributes.as_mut_ptr(), shared));
    ok!(pthread_rwlock_init(state.lock.get(), attributes.as_ptr()));

    let mut attributes = MaybeUninit::uninit();
    ok!(pthread_barrierattr_init(attributes.as_mut_ptr()));
    ok!(pthread_barrierattr_setpshared(attributes.as_mut_ptr(), shared));
    ok!(pthread_barrier_init(state.barrier.get(), attributes.as_ptr(), 3));

    ok!(sem_init(state.semaphore.get(), 1, 0));
}

fn scenario(name: &str) -> Scenario<State> {
    Scenario::new(name, |state| initialise(state, libc::PTHREAD_MUTEX_NORMAL, false))
}

/// That a scenario holds in all schedules within `preemptions`.
#[track_caller]
fn assert_all_hold(scenario: &Scenario<State>, preemptions: u32) {
    let report = search(scenario, &Search::exhaustive(preemptions));
    let timeline = report.failure.as_ref().map(|failure| failure.timeline.to_string());
    assert!(
        report.verdict.held(),
        "{report}: {}\n{}",
        report.verdict,
        timeline.unwrap_or_default()
    );
    assert!(report.complete, "{report}");
}

/// Reads, then writes: only a lock around it keeps the count.
fn count_one(state: &State) {
    let seen = state.count.load(Relaxed);
    state.count.store(seen + 1, Relaxed);
}

fn counted(scenario: Scenario<State>, wanted: u32) -> Scenario<State> {
    scenario.invariant("all are counted", move |end| match end.shared.count.load(Relaxed) {
        found if found == wanted => Ok(()),
        found => Err(format!("{found}, not {wanted}")),
    })
}

/// The time `ms` from now on a clock.
fn in_ms(clock: i32, ms: i64) -> libc::timespec {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    ok!(clock_gettime(clock, &raw mut time));
    time.tv_sec += ms / 1000;
    time.tv_nsec += ms % 1000 * 1_000_000;
    time.tv_sec += time.tv_nsec / 1_000_000_000;
    time.tv_nsec %= 1_000_000_000;
    time
}

pub fn semaphores_hand_over() {
    let scenario = counted(scenario("hand over"), 2)
        .process("giver", |state| {
            count_one(state);
            ok!(sem_post(state.semaphore.get()));
        })
        .process("taker", |state| {
            ok!(sem_wait(state.semaphore.get()));
            count_one(state);
        });
    assert_all_hold(&scenario, 3);
}

pub fn semaphores_count_several_waiters() {
    let scenario = counted(scenario("three"), 3)
        .processes(2, "taker", |_, state| {
            ok!(sem_wait(state.semaphore.get()));
            state.count.fetch_add(1, Relaxed);
        })
        .process("giver", |state| {
            state.count.fetch_add(1, Relaxed);
            ok!(sem_post(state.semaphore.get()));
            ok!(sem_post(state.semaphore.get()));
        });
    assert_all_hold(&scenario, 2);
}

fn errno() -> i32 {
    std::io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

pub fn semaphore_waits_end_in_time_or_at_once() {
    let scenario = scenario("alone").process("p", |state| {
        let semaphore = state.semaphore.get();
        assert_eq!((call!(sem_trywait(semaphore)), errno()), (-1, libc::EAGAIN));
        for clock in [libc::CLOCK_REALTIME, libc::CLOCK_MONOTONIC] {
            for ms in [0, 1, 1500] {
                let (before, until) = (in_ms(clock, 0), in_ms(clock, ms));
                assert_eq!(
                    (call!(sem_clockwait(semaphore, clock, &raw const until)), errno()),
                    (-1, libc::ETIMEDOUT)
                );
                let passed = nanoseconds(in_ms(clock, 0)) - nanoseconds(before);
                assert!(passed >= ms * 1_000_000 && passed < ms * 1_000_000 + 100_000, "{passed}");
            }
        }
        let until = in_ms(libc::CLOCK_REALTIME, 10);
        assert_eq!(
            (call!(sem_timedwait(semaphore, &raw const until)), errno()),
            (-1, libc::ETIMEDOUT)
        );
        ok!(sem_post(semaphore));
        ok!(sem_timedwait(semaphore, &raw const until));
    });
    let verdict = execute(&scenario).verdict;
    assert!(verdict.held(), "{verdict}");
}

fn nanoseconds(time: libc::timespec) -> i64 {
    time.tv_sec * 1_000_000_000 + time.tv_nsec
}

/// A semaphore that is not for sharing between processes is none, as under the
/// kernel: a post wakes nobody in another process.
pub fn private_semaphore_wakes_no_other_process() {
    let scenario =
        Scenario::new("private", |state: &State| ok!(sem_init(state.semaphore.get(), 0, 0)))
            .process("taker", |state| ok!(sem_wait(state.semaphore.get())))
            .process("giver", |state| ok!(sem_post(state.semaphore.get())));
    let report = search(&scenario, &Search::unbounded());
    assert_eq!(report.verdict.word(), "deadlock", "{report}");
    assert!(report.verdicts["held"] > 0, "who posts first harms nobody");
}

/// The kinds of a mutex, robust and not.
const KINDS: [i32; 4] = [
    libc::PTHREAD_MUTEX_NORMAL,
    libc::PTHREAD_MUTEX_ERRORCHECK,
    libc::PTHREAD_MUTEX_RECURSIVE,
    // PTHREAD_MUTEX_ADAPTIVE_NP, which the bindings lack here.
    3,
];

pub fn mutexes_exclude_each_other() {
    for (kind, robust) in KINDS.into_iter().flat_map(|kind| [(kind, false), (kind, true)]) {
        let scenario = Scenario::new("mutex", move |state: &State| initialise(state, kind, robust));
        let scenario = counted(scenario, 2).processes(2, "p", |_, state| {
            ok!(pthread_mutex_lock(state.mutex.get()));
            count_one(state);
            ok!(pthread_mutex_unlock(state.mutex.get()));
        });
        assert_all_hold(&scenario, 2);
    }
}

pub fn three_take_a_mutex_in_turn() {
    let scenario = counted(scenario("three"), 3).processes(3, "p", |_, state| {
        ok!(pthread_mutex_lock(state.mutex.get()));
        count_one(state);
        ok!(pthread_mutex_unlock(state.mutex.get()));
    });
    assert_all_hold(&scenario, 1);
}

pub fn mutex_errors_are_those_of_its_kind() {
    let one = |kind, body: fn(&State)| {
        let scenario = Scenario::new("mutex", move |state: &State| initialise(state, kind, false));
        execute(&scenario.process("p", body)).verdict
    };
    let verdict = one(libc::PTHREAD_MUTEX_ERRORCHECK, |state| {
        let mutex = state.mutex.get();
        assert_eq!(call!(pthread_mutex_unlock(mutex)), libc::EPERM);
        ok!(pthread_mutex_lock(mutex));
        assert_eq!(call!(pthread_mutex_lock(mutex)), libc::EDEADLK);
        ok!(pthread_mutex_unlock(mutex));
    });
    assert!(verdict.held(), "{verdict}");
    let verdict = one(libc::PTHREAD_MUTEX_RECURSIVE, |state| {
        let mutex = state.mutex.get();
        ok!(pthread_mutex_lock(mutex));
        ok!(pthread_mutex_trylock(mutex));
        ok!(pthread_mutex_unlock(mutex));
        ok!(pthread_mutex_unlock(mutex));
        assert_eq!(call!(pthread_mutex_unlock(mutex)), libc::EPERM);
    });
    assert!(verdict.held(), "{verdict}");
    let verdict = one(libc::PTHREAD_MUTEX_NORMAL, |state| {
        ok!(pthread_mutex_lock(state.mutex.get()));
        assert_eq!(call!(pthread_mutex_trylock(state.mutex.get())), libc::EBUSY);
        ok!(pthread_mutex_lock(state.mutex.get()));
    });
    assert!(matches!(verdict, Verdict::Deadlock { .. }), "{verdict}");
}

/// The other process holds the mutex for as long as the wait lasts.
pub fn mutex_wait_ends_in_time() {
    let scenario = scenario("timed")
        .process("holder", |state| {
            ok!(pthread_mutex_lock(state.mutex.get()));
            ok!(sem_wait(state.semaphore.get()));
            ok!(pthread_mutex_unlock(state.mutex.get()));
        })
        .process("waiter", |state| {
            while state.count.load(Relaxed) == 1 {}
            let until = in_ms(libc::CLOCK_REALTIME, 50);
            let result = call!(pthread_mutex_timedlock(state.mutex.get(), &raw const until));
            ok!(sem_post(state.semaphore.get()));
            if result == 0 {
                ok!(pthread_mutex_unlock(state.mutex.get()));
            }
            result
        })
        .invariant("it times out or locks", |end| match end.returned(1) {
            Some("0" | "110") => Ok(()),
            other => Err(format!("{other:?}")),
        });
    let report = search(&scenario, &Search::exhaustive(1));
    assert!(report.verdict.held() && report.complete, "{report}: {}", report.verdict);
    let outcomes: Vec<&str> = report.outcomes.iter().map(|row| row.outcome.as_str()).collect();
    assert!(
        outcomes.contains(&"returned, 110") && outcomes.contains(&"returned, 0"),
        "{outcomes:?}"
    );
}

fn lock(state: &State) {
    ok!(pthread_mutex_lock(state.mutex.get()));
}

fn unlock(state: &State) {
    ok!(pthread_mutex_unlock(state.mutex.get()));
}

pub fn conditions_wake_who_waits() {
    for broadcast in [false, true] {
        let scenario = counted(scenario("condition"), 1)
            .process("waiter", |state| {
                lock(state);
                while state.word.load(Relaxed) == 0 {
                    ok!(pthread_cond_wait(state.condition.get(), state.mutex.get()));
                }
                unlock(state);
                count_one(state);
            })
            .process("signaller", move |state| {
                lock(state);
                state.word.store(1, Relaxed);
                if broadcast {
                    ok!(pthread_cond_broadcast(state.condition.get()));
                } else {
                    ok!(pthread_cond_signal(state.condition.get()));
                }
                unlock(state);
            });
        assert_all_hold(&scenario, 2);
    }
}

pub fn broadcast_wakes_all_and_signal_one() {
    let waiters = |broadcast: bool| {
        scenario("waiters")
            .processes(2, "waiter", |_, state| {
                lock(state);
                while state.word.load(Relaxed) == 0 {
                    ok!(pthread_cond_wait(state.condition.get(), state.mutex.get()));
                }
                unlock(state);
            })
            .process("signaller", move |state| {
                lock(state);
                state.word.store(1, Relaxed);
                if broadcast {
                    ok!(pthread_cond_broadcast(state.condition.get()));
                } else {
                    ok!(pthread_cond_signal(state.condition.get()));
                }
                unlock(state);
            })
    };
    assert_all_hold(&waiters(true), 1);
    let report = search(&waiters(false), &Search::exhaustive(1));
    assert_eq!(report.verdict.word(), "deadlock", "one waiter is never woken: {report}");
}

/// A signal that nobody waits for yet is lost.
pub fn signal_without_a_state_is_lost() {
    let scenario = scenario("lost")
        .process("waiter", |state| {
            lock(state);
            ok!(pthread_cond_wait(state.condition.get(), state.mutex.get()));
            unlock(state);
        })
        .process("signaller", |state| ok!(pthread_cond_signal(state.condition.get())));
    let report = search(&scenario, &Search::exhaustive(0));
    assert_eq!(
        report.verdicts.keys().copied().collect::<Vec<_>>(),
        ["deadlock", "held"],
        "{report}"
    );
}

pub fn condition_wait_ends_in_time() {
    let scenario = scenario("timed").process("p", |state| {
        lock(state);
        let (before, until) = (in_ms(libc::CLOCK_MONOTONIC, 0), in_ms(libc::CLOCK_MONOTONIC, 70));
        let (condition, mutex) = (state.condition.get(), state.mutex.get());
        assert_eq!(
            call!(pthread_cond_timedwait(condition, mutex, &raw const until)),
            libc::ETIMEDOUT
        );
        let passed = nanoseconds(in_ms(libc::CLOCK_MONOTONIC, 0)) - nanoseconds(before);
        assert!((70_000_000..71_000_000).contains(&passed), "{passed}");
        unlock(state);
    });
    let verdict = execute(&scenario).verdict;
    assert!(verdict.held(), "{verdict}");
}

/// Readers may meet; a writer meets nobody.
pub fn rwlock_lets_readers_meet() {
    let scenario = scenario("rwlock")
        .processes(2, "reader", |_, state| {
            ok!(pthread_rwlock_rdlock(state.lock.get()));
            let met = state.word.fetch_add(1, Relaxed);
            assert_eq!(state.count.load(Relaxed) % 2, 0, "a writer is inside");
            state.word.fetch_sub(1, Relaxed);
            ok!(pthread_rwlock_unlock(state.lock.get()));
            met
        })
        .process("writer", |state| {
            ok!(pthread_rwlock_wrlock(state.lock.get()));
            count_one(state);
            assert_eq!(state.word.load(Relaxed), 0, "a reader is inside");
            count_one(state);
            ok!(pthread_rwlock_unlock(state.lock.get()));
        });
    let report = search(&scenario, &Search::exhaustive(1));
    assert!(report.verdict.held() && report.complete, "{report}: {}", report.verdict);
    assert!(report.outcomes.iter().any(|row| row.outcome.contains('1')), "readers meet: {report}");
}

pub fn rwlock_attempts_fail_while_it_is_taken() {
    let scenario = scenario("attempts").process("p", |state| {
        let lock = state.lock.get();
        ok!(pthread_rwlock_rdlock(lock));
        ok!(pthread_rwlock_tryrdlock(lock));
        assert_eq!(call!(pthread_rwlock_trywrlock(lock)), libc::EBUSY);
        let until = in_ms(libc::CLOCK_REALTIME, 5);
        assert_eq!(call!(pthread_rwlock_timedwrlock(lock, &raw const until)), libc::ETIMEDOUT);
        ok!(pthread_rwlock_unlock(lock));
        ok!(pthread_rwlock_unlock(lock));
        ok!(pthread_rwlock_wrlock(lock));
        assert_eq!(call!(pthread_rwlock_tryrdlock(lock)), libc::EBUSY);
        ok!(pthread_rwlock_unlock(lock));
    });
    let verdict = execute(&scenario).verdict;
    assert!(verdict.held(), "{verdict}");
}

/// All three meet twice; one of them is told so, each time.
pub fn barrier_lets_three_go_on_together() {
    let scenario = scenario("barrier")
        .processes(3, "p", |_, state| {
            let mut serial = 0;
            for round in 1..=2 {
                state.count.fetch_add(1, Relaxed);
                match call!(pthread_barrier_wait(state.barrier.get())) {
                    libc::PTHREAD_BARRIER_SERIAL_THREAD => serial += 1,
                    result => assert_eq!(result, 0),
                }
                assert!(state.count.load(Relaxed) >= 3 * round, "went on alone");
            }
            serial
        })
        .invariant("one each round is told", |end| {
            let told: u32 = (0..3).filter_map(|i| end.returned(i)?.parse::<u32>().ok()).sum();
            if told == 2 { Ok(()) } else { Err(format!("{told} were told")) }
        });
    assert_all_hold(&scenario, 1);
}

/// A wait for a semaphore that somebody posts after a sleep: nobody can run
/// meanwhile, so the sleep ends, not the wait, whose time is longer.
pub fn the_earliest_of_several_times_comes_first() {
    let scenario = scenario("times")
        .process("waiter", |state| {
            let until = in_ms(libc::CLOCK_MONOTONIC, 100);
            call!(sem_clockwait(state.semaphore.get(), libc::CLOCK_MONOTONIC, &raw const until))
        })
        .process("sleeper", |state| {
            std::thread::sleep(Duration::from_millis(50));
            ok!(sem_post(state.semaphore.get()));
        });
    assert_eq!(execute(&scenario).outcome, "0, returned");
    assert_holds(|_: &State| {
        let before = std::time::Instant::now();
        std::thread::sleep(Duration::from_secs(3600));
        assert!(before.elapsed() >= Duration::from_secs(3600));
    });
}
