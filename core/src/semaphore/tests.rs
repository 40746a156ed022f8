//! Tests of the semaphore: its values, its guard, and what interrupts it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rstest::rstest;

use super::*;
use crate::Segment;
use crate::sys::glibc;
use crate::sys::signals::{Target, interruptions, this_thread};
use crate::testing::TestName;

/// Longer than any test should take.
const LONG: Duration = Duration::from_secs(60);

fn with_semaphore(value: u32, test: impl FnOnce(&Semaphore)) {
    let name = TestName::new("semaphore");
    let segment = Segment::create(&name, size_of::<Semaphore>()).unwrap();
    let semaphore: &Semaphore = segment.at(0).unwrap();
    semaphore.init(value).unwrap();
    test(semaphore);
}

#[test]
fn value_counts_down_and_up() {
    with_semaphore(2, |semaphore| {
        semaphore.wait().unwrap();
        assert_eq!(semaphore.value(), 1);
        assert!(semaphore.try_wait().unwrap());
        assert!(!semaphore.try_wait().unwrap());
        assert_eq!(semaphore.value(), 0);
        semaphore.post().unwrap();
        assert_eq!(semaphore.value(), 1);
    });
}

#[test]
fn wait_at_zero_ends_at_the_deadline() {
    with_semaphore(0, |semaphore| {
        let deadline = Deadline::after(Duration::from_millis(20));
        assert!(matches!(semaphore.wait_until(deadline), Err(SemaphoreError::TimedOut)));
        assert!(deadline.passed());
        assert_eq!(semaphore.value(), 0);
    });
}

#[test]
fn wait_after_the_deadline_takes_what_is_there() {
    with_semaphore(1, |semaphore| {
        semaphore.wait_until(Deadline::after(Duration::ZERO)).unwrap();
        assert_eq!(semaphore.value(), 0);
    });
}

#[test]
fn post_wakes_a_waiter() {
    with_semaphore(0, |semaphore| {
        thread::scope(|scope| {
            let waiter = scope.spawn(|| semaphore.wait_until(Deadline::after(LONG)));
            semaphore.post().unwrap();
            waiter.join().unwrap().unwrap();
        });
    });
}

#[test]
fn largest_value_overflows() {
    with_semaphore(i32::MAX as u32, |semaphore| {
        assert!(matches!(semaphore.post(), Err(SemaphoreError::Overflow)));
        assert_eq!(semaphore.value(), 2_147_483_647);
        let too_large = semaphore.init(i32::MAX as u32 + 1);
        assert!(matches!(too_large, Err(SemaphoreError::Overflow)));
    });
}

#[test]
fn guard_posts_when_dropped() {
    with_semaphore(1, |semaphore| {
        let guard = semaphore.guard().unwrap();
        assert_eq!(semaphore.value(), 0);
        drop(guard);
        assert_eq!(semaphore.value(), 1);
    });
}

#[test]
fn guard_posts_on_unwind() {
    with_semaphore(1, |semaphore| {
        let result = catch_unwind(AssertUnwindSafe(|| {
            let _guard = semaphore.guard_until(Deadline::after(LONG)).unwrap();
            panic!("within the guard");
        }));
        assert!(result.is_err());
        assert_eq!(semaphore.value(), 1);
    });
}

#[test]
fn guard_that_was_not_obtained_posts_nothing() {
    with_semaphore(0, |semaphore| {
        assert!(semaphore.try_guard().unwrap().is_none());
        assert!(semaphore.guard_until(Deadline::after(Duration::ZERO)).is_err());
        assert_eq!(semaphore.value(), 0);
    });
}

/// A shared semaphore's flag is set, so held ones differ from zeroed memory.
#[test]
fn semaphore_at_zero_is_told_from_zeroes() {
    let name = TestName::new("zeroes");
    let segment = Segment::create(&name, size_of::<Semaphore>()).unwrap();
    let semaphore: &Semaphore = segment.at(0).unwrap();
    assert!(!semaphore.is_initialised());
    semaphore.init(0).unwrap();
    assert!(semaphore.is_initialised());
}

/// Runs `wait` in a thread on a semaphore that is 0, and `disturb` once that
/// thread sleeps in it.
fn disturbed(
    wait: impl FnOnce(&Semaphore) -> Result<(), SemaphoreError> + Send,
    disturb: impl FnOnce(&Semaphore, Target, &dyn Fn() -> bool),
) -> Result<(), SemaphoreError> {
    let name = TestName::new("disturbed");
    let segment = Segment::create(&name, size_of::<Semaphore>()).unwrap();
    let semaphore: &Semaphore = segment.at(0).unwrap();
    semaphore.init(0).unwrap();
    // glibc counts waiters in the upper half of the first word.
    let waiters: &AtomicU32 = segment.at(4).unwrap();

    thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let waiter = scope.spawn(move || {
            tell.send(this_thread()).unwrap();
            wait(semaphore)
        });
        let target = told.recv().unwrap();
        while waiters.load(Relaxed) == 0 && !waiter.is_finished() {
            thread::yield_now();
        }
        disturb(semaphore, target, &|| waiter.is_finished());
        waiter.join().unwrap()
    })
}

#[test]
fn fault_5_wait_goes_on_after_signals() {
    let signal_then_post = |semaphore: &Semaphore, target: Target, ended: &dyn Fn() -> bool| {
        for _ in 0..50 {
            let before = interruptions();
            target.interrupt();
            while interruptions() == before && !ended() {
                thread::yield_now();
            }
        }
        assert!(!ended(), "a signal has ended the wait");
        semaphore.post().unwrap();
    };
    disturbed(Semaphore::wait, signal_then_post).unwrap();
    let bounded = |semaphore: &Semaphore| semaphore.wait_until(Deadline::after(LONG));
    disturbed(bounded, signal_then_post).unwrap();
}

#[test]
fn fault_5_signals_do_not_move_the_deadline() {
    let result = disturbed(
        |semaphore| semaphore.wait_until(Deadline::after(Duration::from_millis(50))),
        |_, target, ended| {
            let bound = Deadline::after(LONG);
            while !ended() && !bound.passed() {
                target.interrupt();
                thread::yield_now();
            }
            assert!(ended(), "signals have kept the wait from ending");
        },
    );
    assert!(matches!(result, Err(SemaphoreError::TimedOut)), "{result:?}");
}

#[test]
fn bytes_are_those_of_glibc() {
    for value in [0, 1, 7, LARGEST] {
        with_semaphore(0, |theirs| {
            glibc::init(theirs, value);
            with_semaphore(value, |ours| {
                assert_eq!(ours.words(), theirs.words());
                assert_eq!(glibc::value(ours), value as i32);
                assert_eq!(theirs.value(), value);
            });
        });
    }
}

/// Schedule: two threads use glibc's functions, two use ours, with and without a
/// mark; each reads a number and writes it back with one more. Forbidden: a number
/// that is lost, a wake-up that is lost, and words that are not as before.
#[test]
fn lock_is_one_for_glibc_and_for_us() {
    const ROUNDS: u32 = 3000;
    with_semaphore(1, |semaphore| {
        let number = AtomicU32::new(0);
        let count = || number.store(number.load(Relaxed) + 1, Relaxed);
        thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || {
                    for _ in 0..ROUNDS {
                        if thread % 2 == 0 {
                            glibc::wait(semaphore);
                            count();
                            glibc::post(semaphore);
                        } else {
                            semaphore.take(thread - 1, Some(Deadline::after(LONG))).unwrap();
                            count();
                            semaphore.give(|mark| mark == thread - 1).unwrap();
                        }
                    }
                });
            }
        });
        assert_eq!(number.into_inner(), 4 * ROUNDS);
        with_semaphore(1, |fresh| assert_eq!(semaphore.words(), fresh.words()));
    });
}

#[test]
fn glibc_waits_for_us_and_we_for_glibc() {
    with_semaphore(0, |semaphore| {
        let asleep = || {
            while semaphore.words()[0][4] == 0 {
                thread::yield_now();
            }
        };
        thread::scope(|scope| {
            let theirs = scope.spawn(|| glibc::wait(semaphore));
            asleep();
            semaphore.post().unwrap();
            theirs.join().unwrap();
            let ours = scope.spawn(|| semaphore.take(5, Some(Deadline::after(LONG))));
            asleep();
            glibc::post(semaphore);
            ours.join().unwrap().unwrap();
        });
        assert_eq!(semaphore.state(), (0, 5));
    });
}

/// The mark is there from the step that takes the lock to the one that gives it
/// back; waiters of glibc's that come and go leave it alone.
#[test]
fn mark_stands_while_the_lock_is_held() {
    with_semaphore(1, |semaphore| {
        assert_eq!(semaphore.try_lock(29), Ok(true));
        assert_eq!(semaphore.state(), (0, 29));
        assert_eq!(semaphore.try_lock(3), Ok(false));
        let late = Some(Deadline::after(Duration::ZERO));
        assert!(matches!(semaphore.take(3, late), Err(SemaphoreError::TimedOut)));
        assert_eq!((semaphore.state(), glibc::value(semaphore)), ((0, 29), 0));
        thread::scope(|scope| {
            let theirs = scope.spawn(|| glibc::wait(semaphore));
            semaphore.give(|mark| mark == 29).unwrap();
            theirs.join().unwrap();
        });
        assert_eq!(semaphore.state(), (0, 0));
    });
}

/// A peer writes anything, while the semaphore is in use. Glibc aborts at some of
/// these kinds, and never returns at others.
#[rstest]
#[case::private(0)]
#[case::one(1)]
#[case::other_operation(4)]
#[case::shared_and_other_operation(0x84)]
#[case::clock(0x100)]
#[case::all(u32::MAX)]
fn words_that_a_peer_has_overwritten_are_numbers(#[case] kind: u32) {
    let halves = [0, 1, 2, 5, 0x7fff_ffff, 0x8000_0000, u32::MAX];
    for (value, waiters) in halves.iter().flat_map(|value| halves.map(|waiters| (*value, waiters)))
    {
        with_semaphore(1, |semaphore| {
            let overwrite = || {
                semaphore.kind.store(kind, Relaxed);
                semaphore.data.store(u64::from(waiters) << 32 | u64::from(value), Relaxed);
            };
            overwrite();
            assert_eq!(semaphore.try_wait().unwrap(), value > 0);
            overwrite();
            assert_eq!(semaphore.post().is_ok(), value < LARGEST);
            overwrite();
            let soon = Deadline::after(Duration::from_millis(1));
            assert_eq!(semaphore.wait_until(soon).is_ok(), value > 0);
            overwrite();
            match semaphore.try_lock(1) {
                Ok(taken) => assert!(value == u32::from(taken)),
                Err(found) => assert!(found == value && value > 1),
            }
        });
    }
}
