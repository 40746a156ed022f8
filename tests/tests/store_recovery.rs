//! Stores whose owners were killed, recovered by who comes next.

use shmkv::{KeyValue, Store, StoreError};
use shmkv_tests::{Peer, TestName};

const PEER: &str = env!("CARGO_BIN_EXE_store-peer");

#[test]
fn lock_of_a_living_process_is_left_and_of_a_dead_one_freed() {
    let name = TestName::new("recovery");
    Store::create(&name).unwrap().set("k", "v").unwrap();
    let mut holder = Peer::start(PEER, &[name.as_str(), "hold"]);
    assert_eq!(holder.line(), "held");
    assert!(matches!(Store::recover(&name), Err(StoreError::InUse { .. })));

    holder.kill();
    assert!(Store::recover(&name).unwrap().is_some());
    let store = Store::open(&name).unwrap();
    assert_eq!(store.get("k").unwrap(), b"v");
    store.set("k", "w").unwrap();
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
