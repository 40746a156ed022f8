//! Tests of waiting: for the lock, and for a change.

use std::sync::Barrier;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};
use std::thread;
use std::time::Duration;

use crate::Deadline;
use crate::layout::Table;
use crate::store::operations::wait_with_sleeps;
use crate::store::*;
use crate::testing::TestName;

/// Longer than any test should take, and than any pause of the machine.
const LONG: Duration = Duration::from_secs(60);

/// Schedule: four change one table in turns, and sleep up to 60 s for each
/// change of another, so that waiters for several versions are about at once.
/// Forbidden: a sleep that runs to its end. That is what a lost wake-up would
/// be, whoever is late.
#[test]
fn change_wakes_who_waits_in_a_segment() {
    let name = TestName::new("wake");
    take_turns(&Store::create(&name).unwrap());
}

/// As above, where there is no room to announce a waiter.
#[test]
fn change_wakes_who_waits_in_other_memory() {
    let table = Table::zeroed();
    table.init();
    take_turns(&*table);
}

/// How many take turns, and how many turns there are.
const PARTIES: u32 = 4;
const TURNS: u32 = 1000;

fn take_turns(store: &(impl KeyValue + Sync)) {
    thread::scope(|scope| {
        for party in 0..PARTIES {
            scope.spawn(move || change_in_turn(store, party));
        }
    });
}

/// Makes every fourth change, when it is this party's turn.
fn change_in_turn(store: &impl KeyValue, party: u32) {
    let mut version = store.version();
    while version < TURNS {
        if version % PARTIES == party {
            version = store.set("turn", version.to_string()).unwrap();
            continue;
        }
        let deadline = Deadline::after(LONG);
        let found = wait_with_sleeps(store, version, deadline, LONG).unwrap();
        assert!(!deadline.passed(), "a wake-up from {version} was lost");
        version = found.unwrap();
    }
}

/// Schedule: one store changes the table, each time all of three waiters have
/// seen the change before; they sleep up to 60 s. Forbidden: a lost wake-up.
#[test]
fn change_wakes_all_waiters_of_a_segment() {
    let name = TestName::new("wake-all");
    let store = Store::create(&name).unwrap();
    let (seen_by_all, lost) = (Barrier::new(4), AtomicBool::new(false));
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for number in 0..500 {
                    // After one loss the rest is done with, not waited for.
                    let patience = if lost.load(Relaxed) { Duration::ZERO } else { LONG };
                    let deadline = Deadline::after(patience);
                    wait_with_sleeps(&store, number, deadline, LONG).unwrap();
                    if deadline.passed() {
                        lost.store(true, Relaxed);
                    }
                    seen_by_all.wait();
                }
            });
        }
        for number in 0..500_u32 {
            store.set("number", number.to_string()).unwrap();
            seen_by_all.wait();
        }
    });
    assert!(!lost.into_inner(), "a wake-up was lost");
}

/// A C program adds one, and wakes nobody.
#[test]
fn change_that_wakes_nobody_is_noticed() {
    let name = TestName::new("silent");
    let store = Store::create(&name).unwrap();
    store.set("a", "1").unwrap();
    thread::scope(|scope| {
        let waiter = scope.spawn(|| store.wait_for_change(1, Deadline::after(LONG)));
        // The waiter announces itself before it sleeps.
        while store.trailer().unwrap().awaited.load(SeqCst) != 1 {
            thread::yield_now();
        }
        store.table().version.fetch_add(1, Relaxed);
        assert_eq!(waiter.join().unwrap().unwrap(), Some(2));
    });
}

#[test]
fn wait_without_a_change_ends_at_its_deadline() {
    let name = TestName::new("quiet");
    let store = Store::create(&name).unwrap();
    let deadline = Deadline::after(Duration::from_millis(60));
    assert_eq!(store.wait_for_change(0, deadline).unwrap(), None);
    assert!(deadline.passed());
}

#[test]
fn wait_for_a_version_that_is_gone_returns_at_once() {
    let name = TestName::new("gone");
    let store = Store::create(&name).unwrap();
    store.set("a", "1").unwrap();
    assert_eq!(store.wait_for_change(0, Deadline::after(LONG)).unwrap(), Some(1));
    // "Another", not "later": versions wrap.
    assert_eq!(store.wait_for_change(7, Deadline::after(LONG)).unwrap(), Some(1));
}

#[test]
fn lock_is_waited_for_until_it_is_free() {
    let table = Table::zeroed();
    table.init();
    table.sem.wait().unwrap();
    thread::scope(|scope| {
        let setter = scope.spawn(|| table.within(LONG).set("a", "1"));
        table.sem.post().unwrap();
        assert_eq!(setter.join().unwrap().unwrap(), 1);
    });
}

#[test]
fn every_operation_that_needs_the_lock_gives_up() {
    let table = Table::zeroed();
    table.init();
    table.sem.wait().unwrap();
    let store = table.within(Duration::from_millis(1));
    let gave_up = |error| matches!(error, StoreError::LockTimeout { .. });

    assert!(gave_up(store.get("a").unwrap_err()));
    assert!(gave_up(store.get_text("a").unwrap_err()));
    assert!(gave_up(store.contains("a").unwrap_err()));
    assert!(gave_up(store.set("a", "1").unwrap_err()));
    assert!(gave_up(store.compare_and_set("a", "1", 0).unwrap_err()));
    assert!(gave_up(store.delete("a").unwrap_err()));
    assert!(gave_up(store.clear().unwrap_err()));
    assert!(gave_up(store.entries().unwrap_err()));
    assert_eq!(table.sem.value(), 0, "nobody posted what it did not take");
    assert_eq!(store.version(), 0);
}

#[test]
fn lock_timeout_is_kept_by_stores_and_views() {
    let name = TestName::new("timeout");
    let store = Store::create(&name).unwrap();
    assert_eq!(store.lock_timeout(), Duration::from_secs(5));
    let store = store.with_lock_timeout(Duration::from_millis(70));
    assert_eq!(store.lock_timeout(), Duration::from_millis(70));
    assert_eq!(store.within(LONG).lock_timeout(), LONG);
}
