//! The faults that the first system of this layout had: each test fails on it.
//!
//! Fault 3, a dead owner, is tested with processes, in the `tests` crate; fault
//! 5, an interrupted wait, is in the tests of `semaphore.rs`.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use rstest::rstest;

use crate::layout::Table;
use crate::store::*;
use crate::sys::object::path_of;
use crate::testing::TestName;
use crate::{Segment, SegmentError};

/// The object as a C program's plain memory: what is written here, a peer wrote.
fn plain(name: &TestName) -> File {
    let path = path_of(name.file_name());
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path).unwrap()
}

#[test]
fn fault_1_empty_key_is_refused_and_not_counted() {
    let table = Table::zeroed();
    table.init();
    assert!(matches!(table.set("", "value"), Err(StoreError::EmptyKey)));
    assert!(matches!(table.get(""), Err(StoreError::EmptyKey)));
    assert!(matches!(table.delete(""), Err(StoreError::EmptyKey)));
    assert_eq!(table.entry_count.load(Relaxed), 0);
    assert_eq!(table.version(), 0);
}

#[rstest]
#[case(0)]
#[case(1)]
#[case(3319)]
fn fault_2_open_of_an_object_not_yet_sized_says_found_and_needed(#[case] size: u64) {
    let name = TestName::new("unsized");
    plain(&name).set_len(size).unwrap();
    match Store::open(&name).err().unwrap() {
        StoreError::Segment(SegmentError::TooShort { found, needed: 3320, .. }) => {
            assert_eq!(found, size);
        }
        error => panic!("{error}"),
    }
}

#[test]
fn fault_2_open_of_an_object_not_yet_initialised_says_so() {
    let name = TestName::new("uninitialised");
    plain(&name).set_len(3320).unwrap();
    assert!(matches!(Store::open(&name), Err(StoreError::NotReady { .. })));
    assert!(matches!(Store::create_or_open(&name), Err(StoreError::NotReady { .. })));
}

#[test]
fn fault_2_open_of_a_longer_object_says_it_is_foreign() {
    let name = TestName::new("longer");
    Segment::create(&name, 1 << 20).unwrap();
    let error = Store::open(&name).err().unwrap();
    assert!(matches!(error, StoreError::Foreign { found: 1_048_576, needed: 3320, .. }), "{error}");
}

/// A page is what some systems round an object up to.
#[test]
fn table_with_its_page_filled_is_opened() {
    let name = TestName::new("page");
    let store = Store::create(&name).unwrap();
    store.set("a", "1").unwrap();
    plain(&name).set_len(4096).unwrap();
    assert_eq!(Store::open(&name).unwrap().get("a").unwrap(), b"1");
}

/// A key of one byte, and a value without an end.
const ENDLESS: [u8; 320] = {
    let mut bytes = [b'v'; 320];
    bytes[1] = 0;
    bytes
};

#[rstest]
#[case::text(0, &[b'x'; 3320], Corruption::SemaphoreKind)]
#[case::private_semaphore(3288, &[0; 4], Corruption::SemaphoreKind)]
#[case::semaphore(3280, &2_u64.to_ne_bytes(), Corruption::Semaphore { value: 2 })]
#[case::count(3316, &11_u32.to_ne_bytes(), Corruption::CountAboveCapacity { count: 11, capacity: 10 })]
#[case::key(328, &[b'k'; 64], Corruption::KeyUnterminated { slot: 1 })]
#[case::value(0, &ENDLESS, Corruption::ValueUnterminated { slot: 0 })]
fn fault_2_open_of_what_is_no_table_says_why(
    #[case] offset: u64,
    #[case] bytes: &[u8],
    #[case] why: Corruption,
) {
    let name = TestName::new("foreign");
    Store::create(&name).unwrap();
    plain(&name).write_all_at(bytes, offset).unwrap();
    match Store::open(&name).err().unwrap() {
        StoreError::Corrupt(found) => assert_eq!(found, why),
        error => panic!("{error}"),
    }
}

/// Schedule: the lock is taken and never given back.
#[test]
fn fault_3_lock_of_a_dead_owner_is_an_error_that_says_so() {
    let table = Table::zeroed();
    table.init();
    table.sem.wait().unwrap();
    let error = table.within(Duration::from_millis(20)).set("a", "1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the lock was not free within 20 ms: another process holds it, and may have died while \
         it did; if so, recover the store"
    );
}

/// Schedule: one store changes two keys in turns, another takes snapshots.
/// Allowed: at version 2n both are n; at 2n + 1 the first is one ahead.
/// Forbidden: any other pair, which is what an unlocked reader sees.
#[test]
fn fault_4_snapshot_is_of_one_moment() {
    let name = TestName::new("snapshot");
    let writer = Store::create(&name).unwrap();
    let reader = Store::open(&name).unwrap();
    let done = AtomicBool::new(false);
    let numbered = |number: u32| format!("{number:0>200}");

    writer.set("first", numbered(1)).unwrap();
    writer.set("second", numbered(1)).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for number in 2..2000 {
                writer.set("first", numbered(number)).unwrap();
                writer.set("second", numbered(number)).unwrap();
            }
            done.store(true, Relaxed);
        });
        while !done.load(Relaxed) {
            let snapshot = reader.entries().unwrap();
            let expect = |key, number| {
                let value = snapshot.get(key).unwrap().value_text().unwrap();
                assert_eq!(value, numbered(number), "{key} at version {}", snapshot.version);
            };
            expect("first", snapshot.version.div_ceil(2));
            expect("second", snapshot.version / 2);
        }
    });
}

/// 254 bytes and one character of two: the limit falls inside the character.
#[test]
fn fault_6_text_at_the_limit_is_refused_and_not_cut() {
    let table = Table::zeroed();
    table.init();
    let long = format!("{}é", "v".repeat(254));
    let error = table.set("k", &long).unwrap_err();
    assert!(matches!(error, StoreError::ValueTooLong { found: 256, limit: 255 }), "{error}");
    let error = table.set(format!("{}é", "k".repeat(62)), "v").unwrap_err();
    assert!(matches!(error, StoreError::KeyTooLong { found: 64, limit: 63 }), "{error}");

    let fits = format!("{}é", "v".repeat(253));
    table.set("k", &fits).unwrap();
    assert_eq!(table.get_text("k").unwrap(), fits);
}

/// A C program has cut a character in two.
#[test]
fn fault_8_value_that_is_no_text_spoils_no_listing() {
    let name = TestName::new("bytes");
    let store = Store::create(&name).unwrap();
    store.set("good", "text").unwrap();
    store.set("bad", "to be cut: é").unwrap();
    plain(&name).write_all_at(b"cut: \xc3\0", 328 + 64).unwrap();

    let snapshot = store.entries().unwrap();
    assert_eq!(snapshot.get("good").unwrap().value_text().unwrap(), "text");
    let bad = snapshot.get("bad").unwrap();
    assert_eq!(bad.value, b"cut: \xc3");
    assert_eq!(bad.value_text().unwrap_err().valid_up_to, 5);
    assert!(matches!(store.get_text("bad"), Err(StoreError::NotUtf8(_))));
}

#[rstest]
#[case::count_above(3316, &3_u32.to_ne_bytes(), Corruption::Count { count: 3, occupied: 2 })]
#[case::count_below(3316, &1_u32.to_ne_bytes(), Corruption::Count { count: 1, occupied: 2 })]
#[case::same_key(328, b"a\0", Corruption::DuplicateKey { first: 0, second: 1 })]
#[case::key(328, &[b'k'; 64], Corruption::KeyUnterminated { slot: 1 })]
#[case::value(328 + 64, &[b'v'; 256], Corruption::ValueUnterminated { slot: 1 })]
fn corrupt_table_is_told_and_cleared(
    #[case] offset: u64,
    #[case] bytes: &[u8],
    #[case] why: Corruption,
) {
    let name = TestName::new("corrupt");
    let store = Store::create(&name).unwrap();
    store.set("a", "1").unwrap();
    store.set("b", "2").unwrap();
    plain(&name).write_all_at(bytes, offset).unwrap();

    match store.entries().unwrap_err() {
        StoreError::Corrupt(found) => assert_eq!(found, why),
        error => panic!("{error}"),
    }
    store.clear().unwrap();
    assert_eq!(store.entries().unwrap().entries, []);
}

#[test]
fn wrong_count_stops_inserts_and_deletes_but_not_reads() {
    let table = Table::zeroed();
    table.init();
    table.set("a", "1").unwrap();
    table.entry_count.store(0, Relaxed);
    let wrong =
        |error| matches!(error, StoreError::Corrupt(Corruption::Count { count: 0, occupied: 1 }));
    assert!(wrong(table.set("b", "2").unwrap_err()));
    assert!(wrong(table.delete("a").unwrap_err()));
    assert_eq!(table.get("a").unwrap(), b"1");
    assert_eq!(table.version(), 1);
}

/// Deleting one of two would bring the other's value back.
#[test]
fn delete_of_a_key_in_two_slots_is_refused() {
    let name = TestName::new("two-slots");
    let store = Store::create(&name).unwrap();
    store.set("a", "1").unwrap();
    store.set("b", "2").unwrap();
    plain(&name).write_all_at(b"a\0", 328).unwrap();

    let error = store.delete("a").unwrap_err();
    let two = Corruption::DuplicateKey { first: 0, second: 1 };
    assert!(matches!(error, StoreError::Corrupt(found) if found == two), "{error}");
    assert_eq!(store.get("a").unwrap(), b"1");
    store.recover_this().unwrap().unwrap();
    store.delete("a").unwrap();
    assert!(!store.contains("a").unwrap());
}

/// Schedule: a peer writes random bytes everywhere, the semaphore and what lies
/// behind the table included, while another works. Allowed: any result, any error.
/// Forbidden: a panic, a hang.
#[test]
fn garbage_from_a_peer_is_never_a_panic() {
    let name = TestName::new("garbage");
    let store = Store::create(&name).unwrap().with_lock_timeout(Duration::from_millis(1));
    let (file, done) = (plain(&name), AtomicBool::new(false));
    thread::scope(|scope| {
        let peer = scope.spawn(|| {
            let mut random = 0x9e37_79b9_7f4a_7c15_u64;
            for _ in 0..20_000 {
                // Xorshift: Marsaglia, 2003.
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                let word = random.to_ne_bytes().map(|byte| if byte < 128 { 0 } else { byte });
                // The size grows to a page, which a table may have.
                let offset = random % (4096 / 8) * 8;
                file.write_all_at(&word, offset).unwrap();
                // As often as all else together: it decides what gets done.
                file.write_all_at(&word, 3280 + random / 4096 % 4 * 8).unwrap();
                file.write_all_at(&1_u64.to_ne_bytes(), 3280).unwrap();
            }
            done.store(true, Relaxed);
        });
        while !done.load(Relaxed) && !peer.is_finished() {
            for key in ["a", "a longer key than that"] {
                let _ = store.set(key, "a value that has several words");
                let _ = store.get(key);
                let _ = store.delete(key);
            }
            let _ = store.entries();
            let _ = store.clear();
            let _ = store.recover_this();
            let _ = (Store::open(&name), store.owner());
        }
    });
}
