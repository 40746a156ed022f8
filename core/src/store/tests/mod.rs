//! The store's operations, their limits, and what each refuses.

mod faults;
mod waiting;

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rstest::rstest;

use super::*;
use crate::Deadline;
use crate::layout::{CAPACITY, Table};

fn table() -> Box<Table> {
    let table = Table::zeroed();
    table.init();
    table
}

fn keys(table: &Table) -> Vec<(usize, Vec<u8>)> {
    table.entries().unwrap().entries.into_iter().map(|entry| (entry.slot, entry.key)).collect()
}

#[test]
fn set_then_get_returns_the_value() {
    let table = table();
    table.set("city", "New York").unwrap();
    assert_eq!(table.get("city").unwrap(), b"New York");
}

#[test]
fn set_counts_versions_and_entries() {
    let table = table();
    assert_eq!(table.set("a", "1").unwrap(), 1);
    assert_eq!(table.set("b", "1").unwrap(), 2);
    assert_eq!(table.set("a", "2").unwrap(), 3);
    assert_eq!(table.version(), 3);
    assert_eq!(table.entry_count.load(Relaxed), 2);
}

#[test]
fn set_of_a_new_key_takes_the_lowest_free_slot() {
    let table = table();
    for key in ["a", "b", "c"] {
        table.set(key, "").unwrap();
    }
    table.delete("b").unwrap();
    table.set("d", "").unwrap();
    assert_eq!(keys(&table), [(0, b"a".into()), (1, b"d".into()), (2, b"c".into())]);
}

#[test]
fn set_stamps_the_time() {
    let table = table();
    table.set("a", "1").unwrap();
    let timestamp = table.entries().unwrap().entries[0].timestamp;
    assert!(timestamp > 1_700_000_000, "{timestamp} is before this was written");
}

#[rstest]
#[case::shorter(&b"a longer value"[..], &b"short"[..])]
#[case::longer(b"short", b"a longer value")]
#[case::empty(b"a longer value", b"")]
#[case::word(b"1234567890123456", b"12345678")]
#[case::not_utf8(b"text", b"\xff\xfe")]
fn set_replaces_the_whole_value(#[case] old: &[u8], #[case] new: &[u8]) {
    let table = table();
    table.set("key of some length", old).unwrap();
    table.set("key of some length", new).unwrap();
    assert_eq!(table.get("key of some length").unwrap(), new);
}

#[test]
fn delete_frees_slot_value_and_timestamp() {
    let table = table();
    table.set("a", "1").unwrap();
    assert_eq!(table.delete("a").unwrap(), 2);
    let slot = &table.slots[0];
    assert!(slot.key.is_empty() && slot.value.is_empty());
    assert_eq!(slot.timestamp.load(Relaxed), 0);
    assert_eq!(table.entry_count.load(Relaxed), 0);
}

#[test]
fn clear_removes_all_in_one_change() {
    let table = table();
    table.set("a", "1").unwrap();
    table.set("b", "2").unwrap();
    assert_eq!(table.clear().unwrap(), 3);
    assert_eq!(table.entries().unwrap(), Snapshot { version: 3, entries: vec![] });
}

#[test]
fn contains_tells_present_from_missing() {
    let table = table();
    table.set("a", "").unwrap();
    assert!(table.contains("a").unwrap());
    assert!(!table.contains("b").unwrap());
}

#[test]
fn missing_key_is_not_found() {
    let table = table();
    assert!(matches!(table.get("a"), Err(StoreError::NotFound { key }) if key == b"a"));
    assert!(matches!(table.delete("a"), Err(StoreError::NotFound { key }) if key == b"a"));
    assert_eq!(table.version(), 0);
}

#[test]
fn compare_and_set_at_the_expected_version_sets() {
    let table = table();
    let seen = table.set("a", "1").unwrap();
    assert_eq!(table.compare_and_set("a", "2", seen).unwrap(), seen + 1);
    assert_eq!(table.get("a").unwrap(), b"2");
}

#[test]
fn compare_and_set_after_a_change_says_found_and_changes_nothing() {
    let table = table();
    table.set("a", "1").unwrap();
    table.set("b", "1").unwrap();
    let error = table.compare_and_set("a", "2", 1).unwrap_err();
    assert!(matches!(error, StoreError::VersionChanged { expected: 1, found: 2 }), "{error}");
    assert_eq!(table.get("a").unwrap(), b"1");
    assert_eq!(table.version(), 2);
}

#[test]
fn version_wraps_around() {
    let table = table();
    table.version.store(u32::MAX, Relaxed);
    assert_eq!(table.set("a", "1").unwrap(), 0);
    let changed = table.wait_for_change(u32::MAX, Deadline::after(Duration::ZERO)).unwrap();
    assert_eq!(changed, Some(0));
}

#[rstest]
#[case(1)]
#[case(63)]
fn key_within_the_limit_is_kept(#[case] length: usize) {
    let (table, key) = (table(), vec![b'k'; length]);
    table.set(&key, "v").unwrap();
    assert_eq!(table.get(&key).unwrap(), b"v");
    assert_eq!(keys(&table), [(0, key)]);
}

#[rstest]
#[case(64)]
#[case(65)]
#[case(1000)]
fn key_beyond_the_limit_says_found_and_limit(#[case] length: usize) {
    let (table, key) = (table(), vec![b'k'; length]);
    let wrong =
        |error| matches!(error, StoreError::KeyTooLong { found, limit: 63 } if found == length);
    assert!(wrong(table.set(&key, "v").unwrap_err()));
    assert!(wrong(table.get(&key).unwrap_err()));
    assert!(wrong(table.delete(&key).unwrap_err()));
    assert!(wrong(table.contains(&key).unwrap_err()));
    assert!(wrong(table.compare_and_set(&key, "v", 0).unwrap_err()));
}

#[rstest]
#[case(0)]
#[case(255)]
fn value_within_the_limit_is_kept(#[case] length: usize) {
    let (table, value) = (table(), vec![b'v'; length]);
    table.set("k", &value).unwrap();
    assert_eq!(table.get("k").unwrap(), value);
}

#[rstest]
#[case(256)]
#[case(1000)]
fn value_beyond_the_limit_says_found_and_limit(#[case] length: usize) {
    let table = table();
    let error = table.set("k", vec![b'v'; length]).unwrap_err();
    assert_eq!(error.to_string(), format!("the value has {length} bytes; at most 255 fit"));
    assert_eq!(table.entries().unwrap().entries, []);
}

#[test]
fn nul_inside_says_where() {
    let table = table();
    let error = table.set("a\0b", "v").unwrap_err();
    assert!(matches!(error, StoreError::NulInKey { at: 1 }), "{error}");
    let error = table.set("k", "value\0").unwrap_err();
    assert!(matches!(error, StoreError::NulInValue { at: 5 }), "{error}");
    assert_eq!(table.version(), 0);
}

#[test]
fn eleventh_key_is_refused_and_the_ten_stay() {
    let table = table();
    for number in 0..CAPACITY {
        table.set(format!("key {number}"), "v").unwrap();
    }
    let error = table.set("one more", "v").unwrap_err();
    assert!(matches!(error, StoreError::Full { capacity: 10 }), "{error}");
    assert_eq!(table.entries().unwrap().entries.len(), 10);
    table.set("key 9", "changed").unwrap();
}

#[test]
fn bytes_that_are_no_text_are_kept_and_refused_as_text() {
    let table = table();
    table.set(b"\xffkey", b"ok\xff").unwrap();
    assert_eq!(table.get(b"\xffkey").unwrap(), b"ok\xff");
    let error = table.get_text(b"\xffkey").unwrap_err();
    assert_eq!(
        error.to_string(),
        r#""ok\xff" is not UTF-8: its first 2 bytes are, the next is not"#
    );
    let entry = &table.entries().unwrap().entries[0];
    assert!(entry.key_text().is_err() && entry.value_text().is_err());
}

#[test]
fn put_says_what_it_has_done() {
    let table = table();
    table.set("a", "1").unwrap();
    let put = table.put("b", "2", Condition::Always).unwrap();
    assert_eq!((put.version, put.slot, put.inserted), (2, 1, true));
    assert_eq!(put.timestamp, table.entries().unwrap().get("b").unwrap().timestamp);
    let put = table.put("b", "3", Condition::Always).unwrap();
    assert_eq!((put.version, put.slot, put.inserted), (3, 1, false));
}

#[test]
fn put_whose_condition_fails_changes_nothing() {
    let table = table();
    table.set("a", "1").unwrap();
    let refused = |key, condition| table.put(key, "2", condition).unwrap_err();
    assert!(matches!(
        refused("a", Condition::Version(0)),
        StoreError::VersionChanged { expected: 0, found: 1 }
    ));
    assert!(matches!(refused("b", Condition::Present), StoreError::NotFound { .. }));
    assert!(matches!(refused("a", Condition::Absent), StoreError::KeyExists { .. }));
    assert_eq!(table.version(), 1);
    assert_eq!(table.get("a").unwrap(), b"1");
}

#[test]
fn put_whose_condition_holds_is_done() {
    let table = table();
    table.put("a", "1", Condition::Absent).unwrap();
    table.put("a", "2", Condition::Present).unwrap();
    table.put("a", "3", Condition::Version(2)).unwrap();
    assert_eq!(table.get("a").unwrap(), b"3");
}

/// The offsets are those that C programs declare.
#[test]
fn bytes_of_a_table_are_its_memory() {
    let table = table();
    table.set("a", "1").unwrap();
    table.set("key", "value").unwrap();
    table.sem.wait().unwrap();
    let bytes = table.bytes();

    assert_eq!(&bytes[..2], b"a\0");
    assert_eq!(&bytes[328..332], b"key\0");
    assert_eq!(&bytes[328 + 64..][..6], b"value\0");
    let number = |at: usize| u32::from_ne_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!([3280, 3312, 3316].map(number), [0, 2, 2]);
}

/// Schedule: the lock is held by another; nobody may sleep for it.
#[test]
fn operation_with_no_time_gives_up_at_once() {
    let table = table();
    table.sem.wait().unwrap();
    let error = table.within(Duration::ZERO).set("a", "1").unwrap_err();
    assert!(matches!(error, StoreError::LockTimeout { waited: Duration::ZERO, .. }), "{error}");
    table.sem.post().unwrap();
    table.within(Duration::ZERO).set("a", "1").unwrap();
}

#[test]
fn remove_says_which_slot_and_keeps_its_condition() {
    let table = table();
    table.set("a", "1").unwrap();
    table.set("b", "1").unwrap();
    let error = table.remove("b", Condition::Version(1)).unwrap_err();
    assert!(matches!(error, StoreError::VersionChanged { expected: 1, found: 2 }), "{error}");
    let removed = table.remove("b", Condition::Version(2)).unwrap();
    assert_eq!(removed, Removed { version: 3, slot: 1 });
}
