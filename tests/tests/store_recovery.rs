//! Stores whose owners were killed, recovered by who comes next.

use std::time::Duration;

use shmkv::{FoundLock, KeyValue, Owner, Process, Store, StoreError};
use shmkv_tests::{Peer, TestName};

const PEER: &str = env!("CARGO_BIN_EXE_store-peer");

/// Longer than any test should take.
const LONG: Duration = Duration::from_secs(60);

/// A store with one pair.
fn store(name: &TestName) -> Store {
    let store = Store::create(name).unwrap();
    store.set("k", "v").unwrap();
    store
}

/// A process that holds the lock.
fn holder(name: &TestName, task: &str) -> Peer {
    let mut holder = Peer::start(PEER, &[name.as_str(), task]);
    assert_eq!(holder.line(), "held");
    holder
}

#[test]
fn lock_of_a_living_process_is_left_and_of_a_dead_one_freed() {
    let name = TestName::new("recovery");
    drop(store(&name));
    let holder = holder(&name, "hold");
    let pid = holder.pid();
    let error = Store::recover(&name).unwrap_err();
    let lives = format!(
        "the lock of segment {} is taken: process {pid} (store-peer) holds it, and lives",
        *name
    );
    assert_eq!(error.to_string(), lives);

    holder.kill();
    let recovered = Store::recover(&name).unwrap().unwrap();
    let dead = Process { pid, name: Some("store-pe".into()) };
    assert_eq!(recovered.lock, FoundLock::HeldBy(dead));
    let store = Store::open(&name).unwrap();
    assert_eq!(store.get("k").unwrap(), b"v");
    store.set("k", "w").unwrap();
}

/// Schedule: the lock's owner is killed; three others have the store open, and one
/// of them waits for the lock. Forbidden: that anybody has to close.
#[test]
fn lock_of_a_dead_process_is_freed_while_others_wait_for_it() {
    let name = TestName::new("recovery-others");
    let store = store(&name).with_lock_timeout(LONG);
    let _other = Store::open(&name).unwrap();
    let holder = holder(&name, "hold");
    let mut waiter = Peer::start(PEER, &[name.as_str(), "wait-for-lock"]);
    assert_eq!(waiter.line(), "waiting");
    holder.kill();

    assert!(Store::recover(&name).unwrap().is_some());
    assert_eq!(waiter.line(), "held");
    waiter.end_input();
    assert!(waiter.finish().success());
    store.set("k", "w").unwrap();
    assert_eq!(Store::recover(&name).unwrap(), None);
}

/// A waiter is told of the death long before its time is over.
#[test]
fn wait_for_the_lock_of_a_dead_process_is_cut_short() {
    let name = TestName::new("recovery-told");
    let store = store(&name).with_lock_timeout(LONG);
    let holder = holder(&name, "hold");
    let pid = holder.pid();
    holder.kill();
    match store.get("k").unwrap_err() {
        StoreError::LockTimeout { waited, owner: Owner::Dead(dead) } => {
            assert!(waited < LONG && dead.pid == pid, "{waited:?}, {dead}");
        }
        error => panic!("{error}"),
    }
    store.recover_this().unwrap().unwrap();
    assert_eq!(store.get("k").unwrap(), b"v");
}

/// Schedule: a process that does not tell who it is, as C programs do not, dies
/// with the lock, while another has the store open. Forbidden: a guess.
#[test]
fn lock_of_an_unknown_process_is_freed_when_nobody_else_is_left() {
    let name = TestName::new("recovery-unknown");
    let store = store(&name);
    holder(&name, "hold-unmarked").kill();
    let other = holder_of_nothing(&name);
    let error = store.recover_this().unwrap_err();
    match &error {
        StoreError::InUse { owner: Owner::Unknown, others, .. } => {
            assert!(others.iter().any(|process| process.pid == other.pid()), "{error}");
        }
        error => panic!("{error}"),
    }
    assert!(error.to_string().contains(&format!("process {} (store-peer)", other.pid())));
    drop(store);
    assert!(matches!(Store::recover(&name), Err(StoreError::InUse { .. })));
    other.kill();
    assert_eq!(Store::recover(&name).unwrap().unwrap().lock, FoundLock::Held);
}

/// A process that has the store open.
fn holder_of_nothing(name: &TestName) -> Peer {
    let mut peer = Peer::start(PEER, &[name.as_str(), "keep-open"]);
    assert_eq!(peer.line(), "open");
    peer
}

/// Schedule: an owner dies, known or not, and two processes recover at once; ten
/// times each. Allowed: one of them recovers, the other finds nothing to do.
/// Forbidden: none, or both.
#[test]
fn one_of_two_recoveries_at_once_does_it() {
    for task in ["hold", "hold-unmarked"] {
        for _ in 0..10 {
            let name = TestName::new("recovery-two");
            drop(store(&name));
            holder(&name, task).kill();
            let mut peers = [(); 2].map(|()| Peer::start(PEER, &[name.as_str(), "recover"]));
            for peer in &mut peers {
                assert_eq!(peer.line(), "ready");
            }
            peers.iter_mut().for_each(Peer::end_input);
            let mut said = peers.map(|mut peer| peer.line());
            said.sort();
            assert_eq!(said[0], "nothing to do");
            assert!(said[1].contains("usable again"), "{said:?}");
        }
    }
}

/// Schedule: a process that replaces three long values without a pause is
/// killed, and another recovers the store; 100 times. Most of the kills hit it
/// with the lock in its hand, many within a replacement.
/// Allowed: for each key, the value before or after. Forbidden: a key that is
/// gone, a value of two letters, a count that is wrong.
#[test]
fn values_that_were_being_replaced_are_there_after_recovery() {
    let name = TestName::new("recovery-kills");
    drop(Store::create(&name).unwrap());
    let mut recovered = 0;
    for round in 0..100 {
        let mut writer = Peer::start(PEER, &[name.as_str(), "replace"]);
        assert_eq!(writer.line(), "replacing");
        let store = Store::open(&name).unwrap();
        let enough = store.version() + 100;
        while store.version() < enough {
            std::hint::spin_loop();
        }
        writer.kill();
        drop(store);
        recovered += u32::from(Store::recover(&name).unwrap().is_some());

        let entries = Store::open(&name).unwrap().entries().unwrap().entries;
        assert_eq!(entries.len(), 3, "round {round}: {entries:?}");
        for entry in entries {
            assert!(entry.value.len() >= 8);
            assert!(entry.value.windows(2).all(|pair| pair[0] == pair[1]), "{entry:?}");
        }
    }
    println!("{recovered} of 100 kills left the lock taken");
}
