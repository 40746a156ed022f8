//! Lab 4: the full store, as a user would use it.
//!
//! Idea: the operations of core's store, two or more processes at a time, and
//! what must hold of the table whatever they do.

pub mod commands;
pub mod consumer;
pub mod producer;
pub mod remedy;
pub mod show;
pub mod store_commands;
pub mod two_programs;

use std::time::Duration;

use shmkv::{CAPACITY, KeyValue, Snapshot, StoreError, Table};
use shmkv_harness::{End, ProcessEnd, Scenario};

use crate::explore::{Case, Claim};

/// How many operations each process makes in a round of stress.
const OPERATIONS: usize = 20;

/// Two processes each, small enough for all schedules within a bound.
pub fn cases() -> Vec<Case> {
    let case = |name, scenario| Case { name, claim: Claim::Holds, scenario: Box::new(scenario) };
    vec![
        case("set-set", set_against_set()),
        case("set-get", set_against_get()),
        case("set-delete", set_against_delete()),
        case("last-slot", insert_against_insert_at_the_last_slot()),
        case("cas-cas", compare_and_set_against_itself()),
    ]
}

/// A table with one pair, and with what must hold of every table.
fn scenario(name: &str) -> Scenario<Table> {
    scenario_from(name, &["city"])
}

fn scenario_from(name: &str, keys: &'static [&'static str]) -> Scenario<Table> {
    Scenario::new(name, move |table: &Table| {
        table.init();
        for key in keys {
            // An empty table takes ten short pairs.
            table.set(key, "Rome").expect("room for a pair");
        }
    })
    .invariant("the table is whole: count, keys and values", |end| whole(end).map(drop))
}

/// The table's contents, which must be whole. After a kill the lock may be held
/// for good; then nobody may have been shown anything torn, which the processes'
/// own results say.
fn whole(end: &End<'_, Table>) -> Result<Option<Snapshot>, String> {
    match end.shared.within(Duration::ZERO).entries() {
        Ok(snapshot) => Ok(Some(snapshot)),
        Err(StoreError::LockTimeout { .. }) if end.killed() > 0 => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// What a process may say whose deadline for the lock has passed: another was killed
/// holding it, or was slow.
fn says_locked(end: &ProcessEnd) -> bool {
    matches!(end, ProcessEnd::Returned { value } if value.contains("the lock was not free"))
}

// ANCHOR: set-set
fn set_against_set() -> Scenario<Table> {
    scenario("set against set")
        .process("set Paris", |table| table.set("city", "Paris"))
        .process("set London", |table| table.set("city", "London"))
        .invariant("one value or the other, whole", |end| {
            let Some(snapshot) = whole(end)? else { return Ok(()) };
            match snapshot.get("city").map(|entry| entry.value.as_slice()) {
                Some(b"Paris" | b"London") => Ok(()),
                Some(b"Rome") if end.killed() > 0 => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .invariant("both are counted in version", both_are_counted)
}
// ANCHOR_END: set-set

/// Setup makes version 1; then each process that was not killed or locked out
/// adds one.
fn both_are_counted(end: &End<'_, Table>) -> Result<(), String> {
    let done = end.processes.iter().filter(|end| **end != ProcessEnd::Killed && !says_locked(end));
    let done = done.count() as u32;
    let Some(snapshot) = whole(end)? else { return Ok(()) };
    let possible = 1 + done..=1 + done + end.killed() as u32;
    if possible.contains(&snapshot.version) {
        Ok(())
    } else {
        Err(format!("version is {} after {done} changes", snapshot.version))
    }
}

fn set_against_get() -> Scenario<Table> {
    scenario("set against get")
        .process("set", |table| table.set("city", "San Francisco"))
        .process("get", |table| table.get_text("city"))
        .invariant("get returns the old value or the new, whole", |end| match end.returned(1) {
            Some("Rome" | "San Francisco") | None => Ok(()),
            Some(_) if says_locked(&end.processes[1]) => Ok(()),
            Some(other) => Err(format!("get returned {other:?}")),
        })
}

fn set_against_delete() -> Scenario<Table> {
    scenario("set against delete")
        .process("set", |table| table.set("city", "Paris"))
        .process("delete", |table| table.delete("city"))
        .invariant("the last one decides", |end| {
            let Some(snapshot) = whole(end)? else { return Ok(()) };
            match (end.returned(0), end.returned(1), snapshot.get("city")) {
                (Some("3"), Some("2"), Some(entry)) if entry.value == b"Paris" => Ok(()),
                (Some("2"), Some("3"), None) => Ok(()),
                _ if end.killed() > 0 || end.processes.iter().any(says_locked) => Ok(()),
                (set, delete, found) => {
                    Err(format!("set returned {set:?}, delete {delete:?}, found {found:?}"))
                }
            }
        })
}

fn insert_against_insert_at_the_last_slot() -> Scenario<Table> {
    const NINE: [&str; CAPACITY - 1] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    scenario_from("insert against insert at the last free slot", &NINE)
        .processes(2, "insert", |me, table: &Table| table.set(format!("new {me}"), "x"))
        .invariant("one gets the slot, the other is told that the table is full", |end| {
            let full = end.processes.iter().filter(|end| {
                matches!(end, ProcessEnd::Returned { value } if value.contains("the table is full"))
            });
            match full.count() {
                1 => Ok(()),
                _ if end.killed() > 0 || end.processes.iter().any(says_locked) => Ok(()),
                count => Err(format!("{count} were told so")),
            }
        })
}

fn compare_and_set_against_itself() -> Scenario<Table> {
    scenario("compare-and-set against compare-and-set")
        .processes(2, "cas", |me, table: &Table| {
            table.compare_and_set("city", format!("by {me}"), 1)
        })
        .invariant("exactly one succeeds", |end| {
            let won = (0..2).filter(|i| end.returned(*i) == Some("2")).count();
            if won == 1 || won == 0 && end.killed() > 0 {
                Ok(())
            } else {
                Err(format!("{won} did"))
            }
        })
}

/// Many operations of several processes on overlapping keys, for stress.
pub fn busy(processes: usize) -> Scenario<Table> {
    Scenario::new("the full store, busy", |table: &Table| table.init())
        .processes(processes, "user", |me, table: &Table| use_it(me, table))
        .outcome(|_| "whole".into())
        .invariant("the table is whole: count, keys and values", |end| whole(end).map(drop))
        .invariant("version counts the changes that succeeded", |end| {
            let claimed: u32 =
                (0..end.processes.len()).filter_map(|i| end.returned(i)?.parse::<u32>().ok()).sum();
            let version = end.shared.version();
            if version == claimed { Ok(()) } else { Err(format!("{version}, not {claimed}")) }
        })
}

/// Sets, reads and deletes; returns how many changes succeeded, or what was torn.
fn use_it(me: usize, table: &Table) -> String {
    let mut changes = 0;
    for i in 0..OPERATIONS {
        let key = format!("key {}", (me + i) % 5);
        let done = match i % 4 {
            3 => table.delete(&key).map(|_| 1),
            2 => match table.get_text(&key) {
                Ok(value) if !is_whole(&value) => return format!("torn: {value}"),
                other => other.map(|_| 0),
            },
            _ => table.set(&key, format!("{me}").repeat(40)).map(|_| 1),
        };
        match done {
            Ok(count) => changes += count,
            Err(StoreError::NotFound { .. }) => {}
            Err(error) => return error.to_string(),
        }
    }
    changes.to_string()
}

/// Written in one go: all characters are the same.
fn is_whole(value: &str) -> bool {
    value.len() == 40 && value.bytes().all(|byte| Some(&byte) == value.as_bytes().first())
}
