//! Verdict: crash
//! A port can be taken once: a lock that is no step.

use std::net::TcpListener;
use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    let _lock = loop {
        if let Ok(lock) = TcpListener::bind("127.0.0.1:17999") {
            break lock;
        }
    };
    for slot in &table.slots {
        let found = slot.key.load(Relaxed);
        if found == key {
            return false;
        }
        if found == FREE {
            slot.key.store(key, Relaxed);
            slot.value.store(value, Relaxed);
            table.count.store(table.count.load(Relaxed) + 1, Relaxed);
            return true;
        }
    }
    false
}
