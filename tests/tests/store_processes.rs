//! The store between processes: races, stress, and owners that die.

use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use shmkv::{Corruption, Deadline, KeyValue, Store, StoreError};
use shmkv_tests::{Peer, TestName};

fn peer(name: &TestName, task: &[&str]) -> Peer {
    let arguments = [&[name.as_str()], task].concat();
    Peer::start(env!("CARGO_BIN_EXE_store-peer"), &arguments)
}

/// Schedule: eight processes create the same name at once, ten times over.
/// Allowed: one creates, seven find it finished. Forbidden: anything else.
#[test]
fn several_creators_one_wins_and_the_others_open() {
    for _ in 0..10 {
        let name = TestName::new("creators");
        let mut peers: Vec<Peer> = (0..8).map(|_| peer(&name, &["create-or-open"])).collect();
        for peer in &mut peers {
            assert_eq!(peer.line(), "ready");
        }
        peers.iter_mut().for_each(Peer::end_input);
        let mut roles: Vec<String> = peers.iter_mut().map(Peer::line).collect();
        roles.sort();
        assert_eq!(roles[0], "created");
        assert!(roles[1..].iter().all(|role| role == "opened"), "{roles:?}");
        assert_eq!(Store::open(&name).unwrap().version(), 8);
    }
}

#[test]
fn change_in_one_process_wakes_another() {
    let name = TestName::new("woken");
    let store = Store::create(&name).unwrap();
    let mut setter = peer(&name, &["set", "a", "1"]);
    let deadline = Deadline::after(Duration::from_secs(60));
    assert_eq!(store.wait_for_change(0, deadline).unwrap(), Some(1));
    assert_eq!(store.get("a").unwrap(), b"1");
    assert_eq!(setter.line(), "1");
}

/// Four processes, 20,000 random operations each, on 14 keys for ten slots.
/// Each process checks each value and snapshot that it reads.
#[test]
fn stress_of_four_processes_keeps_every_invariant() {
    let name = TestName::new("stress");
    let store = Store::create(&name).unwrap();
    let peers: Vec<Peer> =
        ["1", "2", "3", "4"].iter().map(|seed| peer(&name, &["work", seed, "20000"])).collect();
    let mut changes = 0;
    for mut peer in peers {
        let line = peer.line();
        changes += line.parse::<u32>().unwrap_or_else(|_| panic!("a peer said {line:?}"));
        assert!(peer.finish().success());
    }
    // `entries` refuses a wrong count and a key in two slots.
    let snapshot = store.entries().unwrap();
    assert_eq!(snapshot.version, changes, "the version counts the successful changes");
    assert!(snapshot.entries.iter().all(|entry| is_whole(&entry.value)));
}

#[test]
fn increments_of_two_processes_lose_nothing() {
    let name = TestName::new("increments");
    let store = Store::create(&name).unwrap();
    store.set("number", "0").unwrap();
    let peers = [(); 2].map(|()| peer(&name, &["increment", "number", "5000"]));
    assert!(peers.into_iter().all(|peer| peer.finish().success()));
    assert_eq!(store.get_text("number").unwrap(), "10000");
    assert_eq!(store.version(), 10_001);
}

/// Schedule: a process is killed while it holds the lock. Then this process and
/// another each try to set. Allowed: both are told, in bounded time.
#[test]
fn fault_3_killed_owner_is_an_error_for_all_others() {
    let name = TestName::new("owner");
    let store = Store::create(&name).unwrap().with_lock_timeout(Duration::from_millis(200));
    store.set("a", "1").unwrap();
    let mut owner = peer(&name, &["hold"]);
    assert_eq!(owner.line(), "held");
    let pid = owner.pid();
    owner.kill();

    let error = store.set("a", "2").unwrap_err();
    assert!(matches!(error, StoreError::LockTimeout { .. }), "{error}");
    let told = peer(&name, &["set", "a", "3"]).line();
    let dead = format!("process {pid} (store-pe) died while it held it; recover the store");
    assert!(told.starts_with("error: the lock was not free within "), "{told}");
    assert!(told.ends_with(&dead), "{told}");
    assert_eq!(store.version(), 1);

    // What is left is readable once somebody decides that the owner is dead.
    store.table().sem.post().unwrap();
    assert_eq!(store.get("a").unwrap(), b"1");
}

/// Schedule: a process that inserts, replaces and deletes without pause is
/// killed after a random number of changes, a hundred times. Allowed: an entry
/// that is not there, with a count that tells; a free lock and a whole table.
/// Forbidden: a value of which only a part was written, or a wrong count that
/// nobody could have left.
#[test]
fn killed_writer_leaves_whole_entries_only() {
    let name = TestName::new("killed");
    let store = Store::create(&name).unwrap().with_lock_timeout(Duration::from_millis(20));
    let mut random = SmallRng::seed_from_u64(7);
    let mut died_within = 0;
    for _ in 0..100 {
        store.clear().unwrap();
        let start = store.version();
        let mut writer = peer(&name, &["churn"]);
        assert_eq!(writer.line(), "churning");
        let changes = random.random_range(1..300);
        let bound = Deadline::after(Duration::from_secs(60));
        while store.version().wrapping_sub(start) < changes {
            assert!(!bound.passed(), "the writer made {} changes", store.version());
        }
        writer.kill();

        if store.table().sem.value() == 0 {
            died_within += 1;
            let error = store.get("first").unwrap_err();
            assert!(matches!(error, StoreError::LockTimeout { .. }), "{error}");
            store.table().sem.post().unwrap();
            check_what_a_dead_owner_left(&store);
        } else {
            store.entries().unwrap();
        }
    }
    assert!(died_within > 0, "of 100 kills none hit an owner");
}

fn check_what_a_dead_owner_left(store: &Store) {
    match store.entries() {
        Ok(snapshot) => {
            assert!(snapshot.entries.iter().all(|entry| was_written(&entry.value)));
        }
        Err(StoreError::Corrupt(Corruption::Count { count, occupied })) => {
            assert_eq!(count.abs_diff(occupied), 1, "{count} counted, {occupied} occupied");
            for key in ["first", "the second key", "the third and longest key"] {
                match store.get(key) {
                    Ok(value) => assert!(was_written(&value), "{}", value.escape_ascii()),
                    Err(StoreError::NotFound { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
        Err(error) => panic!("{error}"),
    }
}

/// Whether `churn` writes this value: no part of it, and no mixture.
fn was_written(value: &[u8]) -> bool {
    is_whole(value) && [200, 255, 9, 8, 7, 100].contains(&value.len())
}

/// Whether a value is one letter many times over.
fn is_whole(value: &[u8]) -> bool {
    value.windows(2).all(|pair| pair[0] == pair[1])
}
