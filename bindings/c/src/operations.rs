//! Setting, getting and deleting.

use libc::{c_char, c_int};
use shmkv::{KeyValue, StoreError, Table};

use crate::arguments::{Key, Store, Value, number};
use crate::boundary;
use crate::failure::Failure;

/// Gives `key` this value.
///
/// # Safety
/// `store` is NULL or a mapped table; the texts are NULL or C texts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_set(
    store: *mut Table,
    key: *const c_char,
    value: *const c_char,
) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Store::at(store) }?;
        // SAFETY: the caller's promise.
        let key = unsafe { Key::copy(key, "the key") }?;
        // SAFETY: the caller's promise.
        let value = unsafe { Value::copy(value, "the value") }?;
        store.set(key, value)?;
        Ok(())
    })
}

/// Copies the value of `key`, with its NUL, to `value_out`.
///
/// # Safety
/// As for [`shared_memory_kv_set`]; `value_out` is NULL or has room for 256
/// bytes. It may lie in the table.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_get(
    store: *mut Table,
    key: *const c_char,
    value_out: *mut c_char,
) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Store::at(store) }?;
        // SAFETY: the caller's promise.
        let key = unsafe { Key::copy(key, "the key") }?;
        if value_out.is_null() {
            return Err(Failure::null("value_out"));
        }
        let mut value = store.get(key)?;
        value.push(0);
        // SAFETY: the caller's promise: 256 bytes, and a value with its NUL
        // has no more. `value` is memory of our own.
        unsafe { value_out.copy_from_nonoverlapping(value.as_ptr().cast(), value.len()) };
        Ok(())
    })
}

/// Removes `key`.
///
/// # Safety
/// As for [`shared_memory_kv_set`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_delete(store: *mut Table, key: *const c_char) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Store::at(store) }?;
        // SAFETY: the caller's promise.
        let key = unsafe { Key::copy(key, "the key") }?;
        store.delete(key)?;
        Ok(())
    })
}

/// Removes all keys, in one change.
///
/// # Safety
/// `store` is NULL or a mapped table.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_clear(store: *mut Table) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        unsafe { Store::at(store) }?.clear()?;
        Ok(())
    })
}

/// Gives `key` this value if the table is still at `*version`, which becomes
/// the version with it; or the found one, where it is another.
///
/// # Safety
/// As for [`shared_memory_kv_set`]; `version` is NULL or valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_compare_and_set(
    store: *mut Table,
    key: *const c_char,
    value: *const c_char,
    version: *mut u32,
) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise.
        let store = unsafe { Store::at(store) }?;
        // SAFETY: the caller's promise.
        let key = unsafe { Key::copy(key, "the key") }?;
        // SAFETY: the caller's promise.
        let value = unsafe { Value::copy(value, "the value") }?;
        let version = number(version, "version")?;
        // SAFETY: the caller's promise.
        let expected = unsafe { version.read() };
        let done = store.compare_and_set(key, value, expected);
        if let Ok(now) | Err(StoreError::VersionChanged { found: now, .. }) = done {
            // SAFETY: the caller's promise.
            unsafe { version.write(now) };
        }
        done?;
        Ok(())
    })
}
