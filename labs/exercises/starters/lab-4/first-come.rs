//! Lab 4, predict: who gets the seat, and at which version.
//!
//! Goal: all ends that there can be, and no other, each as the value of `seat` and
//! the version of the table: `&["Ann 1", "Bob 7"]`.
//!
//! Given: an empty table, at version 0. One process calls `ann`, the other `bob`:
//!
//!     pub fn ann(table: &Table) {
//!         if let Err(StoreError::NotFound { .. }) = table.get("seat") {
//!             table.set("seat", "Ann").expect("room for a pair");
//!         }
//!     }
//!
//!     pub fn bob(table: &Table) {
//!         if let Ok(put) = table.put("seat", "Bob", Condition::Absent) {
//!             let _ = table.compare_and_set("seat", "Bob, paid", put.version);
//!         }
//!     }
//!
//! `put` with `Condition::Absent` fails where the key is there; `compare_and_set`
//! fails where the version is another by then. Each operation is one step to the
//! others, and each change adds one to the version.
//!
//! Check: cargo run --bin labs -- check first-come

pub const OUTCOMES: &[&str] = &[];
