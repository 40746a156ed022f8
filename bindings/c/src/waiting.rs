//! The version, and waiting for another.

use std::time::Duration;

use libc::c_int;
use shmkv::{Deadline, KeyValue, Table};

use crate::arguments::{Store, number};
use crate::boundary;
use crate::failure::Failure;

/// Reads the version, without the lock.
///
/// # Safety
/// `store` is NULL or a mapped table, `version_out` NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_version(
    store: *mut Table,
    version_out: *mut u32,
) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Store::at(store) }?;
        let version_out = number(version_out, "version_out")?;
        // SAFETY: the caller's promise.
        unsafe { version_out.write(store.version()) };
        Ok(())
    })
}

/// Waits until the version is no longer `*version`, which becomes the new one.
///
/// # Safety
/// As for [`shared_memory_kv_version`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_wait_for_change(
    store: *mut Table,
    version: *mut u32,
    timeout_ms: u32,
) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Store::at(store) }?;
        let version = number(version, "version")?;
        // SAFETY: the caller's promise.
        let seen = unsafe { version.read() };
        let deadline = Deadline::after(Duration::from_millis(timeout_ms.into()));
        let found = store.wait_for_change(seen, deadline)?;
        let found = found.ok_or_else(|| still_at(seen, timeout_ms))?;
        // SAFETY: the caller's promise.
        unsafe { version.write(found) };
        Ok(())
    })
}

fn still_at(version: u32, timeout_ms: u32) -> Failure {
    let why = format!("the table is still at version {version} after {timeout_ms} ms");
    Failure::new(libc::ETIMEDOUT, why)
}
