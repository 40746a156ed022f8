//! The table's lock, for programs that read its fields themselves.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use libc::c_int;
use shmkv::{KeyValue, Table};

use crate::arguments::Store;
use crate::boundary;
use crate::failure::Failure;

/// Takes the lock, waiting for it for `timeout_ms` at most.
///
/// # Safety
/// `store` is NULL or a mapped table.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_lock(store: *mut Table, timeout_ms: u32) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Store::at(store) }?;
        let waited = Duration::from_millis(timeout_ms.into());
        // Given back by `shared_memory_kv_unlock`.
        std::mem::forget(store.within(waited).lock()?);
        Ok(())
    })
}

/// Gives the lock back.
///
/// # Safety
/// `store` is NULL or a mapped table.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_unlock(store: *mut Table) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Store::at(store) }?;
        match store.unlock()? {
            true => Ok(()),
            false => Err(Failure::new(libc::EPERM, "the lock is not held by anyone")),
        }
    })
}

/// From now on functions that are given this mapping wait for the lock for
/// `timeout_ms` at most.
///
/// # Safety
/// `store` is NULL or a mapped table.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_lock_timeout(
    store: *mut Table,
    timeout_ms: u32,
) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Store::at(store) }?;
        let mapping = store.mapping().ok_or_else(|| {
            Failure::new(libc::EINVAL, "this library did not map the store, and keeps no timeout")
        })?;
        // Relaxed: a number by itself.
        mapping.lock_timeout_ms.store(timeout_ms, Relaxed);
        Ok(())
    })
}
