//! Verdict: crash
//! A name of a socket can be taken once: a lock that is no step.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::sync::atomic::Ordering::Relaxed;

use shmkv_grader::lab_1::insert::{FREE, Table};

pub fn insert(table: &Table, key: u64, value: u64) -> bool {
    let name = SocketAddr::from_abstract_name("labs-insert").expect("a name");
    let _lock = loop {
        if let Ok(lock) = UnixListener::bind_addr(&name) {
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
