//! `libshared_memory_kv`: the store as a C library.
//!
//! Idea: a C program holds a pointer to the table itself and may read its
//! fields, so the pointer is all that the functions are given. What else
//! belongs to a mapping is remembered beside it, in `mappings`.
//! Source: `include/shared_memory_kv.h`, which says what each function does,
//! and how it fails; it is not repeated here.
//! Limits: pointers that are neither NULL nor valid are the caller's risk.
//!
//! Every function goes through `boundary`, which keeps panics inside and
//! errno as the header says.
#![warn(missing_docs)]

mod arguments;
mod boundary;
mod failure;
mod lock;
mod mappings;
mod objects;
mod operations;
mod recovery;
mod snapshot;
mod waiting;

pub use boundary::shared_memory_kv_last_error;
pub use lock::{shared_memory_kv_lock, shared_memory_kv_lock_timeout, shared_memory_kv_unlock};
pub use objects::{
    shared_memory_kv_create, shared_memory_kv_create_named, shared_memory_kv_destroy,
    shared_memory_kv_open, shared_memory_kv_open_named, shared_memory_kv_open_of_owner,
    shared_memory_kv_open_or_create_named, shared_memory_kv_open_with, shared_memory_kv_unlink,
    shared_memory_kv_unlink_named,
};
pub use operations::{
    shared_memory_kv_clear, shared_memory_kv_compare_and_set, shared_memory_kv_delete,
    shared_memory_kv_get, shared_memory_kv_set,
};
pub use recovery::{
    shared_memory_kv_recover, shared_memory_kv_recover_named, shared_memory_kv_recover_of_owner,
};
pub use snapshot::{Pair, TableCopy, shared_memory_kv_snapshot};
pub use waiting::{shared_memory_kv_version, shared_memory_kv_wait_for_change};
