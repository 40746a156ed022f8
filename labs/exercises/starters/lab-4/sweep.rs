//! Lab 4, write: delete what is stale, while others change the table.
//!
//! Goal: `sweep` deletes all entries whose value is `STALE`, and returns how many it
//! has deleted.
//!
//! Given: the store of lab 4: a `Table`, and the operations of `KeyValue`. Each is
//! one step to the others. These help here:
//! - `entries()` returns a snapshot: its `version`, and its `entries`, of which each
//!   has a `key` and a `value`, both bytes;
//! - `get(key)`, `delete(key)`;
//! - `remove(key, condition)`: as `delete`, provided that `Condition::Version(n)`
//!   holds: that the table is still at version n. If it is not, the error is
//!   `StoreError::VersionChanged`.
//!
//! Others set, delete and sweep at the same time. Below is what looks, and then
//! deletes; it fails.
//!
//! What must hold, whoever goes when:
//! 1. an entry whose value is not `STALE`, or is no longer, is not deleted;
//! 2. in the end no stale entry is left;
//! 3. each deletion is counted by the one who made it;
//! 4. no error and no panic: that others were faster is no accident.
//!
//! Check: cargo run --bin labs -- check sweep

use shmkv::{KeyValue, Table};
use shmkv_grader::lab_4::sweep::STALE;

pub fn sweep(table: &Table) -> usize {
    let snapshot = table.entries().expect("a table");
    let stale = snapshot.entries.iter().filter(|entry| entry.value == STALE.as_bytes());
    stale.filter(|entry| table.delete(&entry.key).is_ok()).count()
}
