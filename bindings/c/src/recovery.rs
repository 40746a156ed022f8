//! Recovering a store whose lock a dead process holds.

use std::ptr::NonNull;

use libc::{c_char, c_int, size_t, uid_t};
use shmkv::{OpenOptions, SegmentName, Store};

use crate::arguments::segment_name;
use crate::boundary;
use crate::failure::Failure;
use crate::objects::default_name;

/// Recovers the store of the default name.
///
/// # Safety
/// `report` is NULL or has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_recover(report: *mut c_char, size: size_t) -> c_int {
    // SAFETY: the caller's promise.
    boundary::status(|| unsafe { recover(&default_name()?, OpenOptions::new(), report, size) })
}

/// Recovers the store called `name`.
///
/// # Safety
/// `name` is NULL or a C text, `report` NULL or has room for `size` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_recover_named(
    name: *const c_char,
    report: *mut c_char,
    size: size_t,
) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise for `name`.
        let name = unsafe { segment_name(name) }?;
        // SAFETY: the caller's promise for `report`.
        unsafe { recover(&name, OpenOptions::new(), report, size) }
    })
}

/// As [`shared_memory_kv_recover_named`], and recovers stores of user `owner`, too.
///
/// # Safety
/// As for [`shared_memory_kv_recover_named`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_recover_of_owner(
    name: *const c_char,
    owner: uid_t,
    report: *mut c_char,
    size: size_t,
) -> c_int {
    boundary::status(|| {
        // SAFETY: the caller's promise for `name`.
        let name = unsafe { segment_name(name) }?;
        let options = OpenOptions::new().allow_owner(owner);
        // SAFETY: the caller's promise for `report`.
        unsafe { recover(&name, options, report, size) }
    })
}

/// # Safety
/// `report` is NULL or has room for `size` bytes.
unsafe fn recover(
    name: &SegmentName,
    options: OpenOptions,
    report: *mut c_char,
    size: size_t,
) -> Result<(), Failure> {
    let recovered = Store::recover_with(name, options)?;
    let said = recovered.map(|recovered| recovered.to_string()).unwrap_or_default();
    let (Some(report), Some(most)) = (NonNull::new(report), size.checked_sub(1)) else {
        return Ok(());
    };
    // Sentences of ours are ASCII: they can be cut anywhere.
    let length = said.len().min(most);
    // SAFETY: the caller's promise: `length` is less than `size`, and `said` is
    // memory of our own.
    unsafe { report.as_ptr().copy_from_nonoverlapping(said.as_ptr().cast(), length) };
    // SAFETY: within the `size` bytes.
    let end = unsafe { report.add(length) };
    // SAFETY: as above.
    unsafe { end.write(0) };
    Ok(())
}
