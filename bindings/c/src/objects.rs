//! Creating, opening, destroying and unlinking.
//!
//! Idea: the library's own [`Store`] makes and checks the object, and is then
//! taken apart: C holds its address and its descriptor by hand.
//! Limits: `destroy` believes what it is given, as munmap(2) and close(2) do.

use std::os::fd::IntoRawFd;

use libc::{c_char, c_int, c_uint, uid_t};
use shmkv::{DEFAULT_NAME, OpenOptions, SegmentError, SegmentName, Store, StoreError, Table};

use crate::arguments::segment_name;
use crate::boundary;
use crate::failure::Failure;
use crate::mappings;

/// The header's `SHARED_MEMORY_KV_CREATE`.
const CREATE: c_uint = 1;

/// The header's `SHARED_MEMORY_KV_CREATE_NEW`.
const CREATE_NEW: c_uint = 2;

/// Creates an empty store under the default name.
///
/// # Safety
/// `fd_out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_create(fd_out: *mut c_int) -> *mut Table {
    // SAFETY: the caller's promise.
    unsafe { handed_out(fd_out, || Ok(Store::create(&default_name()?)?)) }
}

/// Opens the store of the default name.
///
/// # Safety
/// `fd_out` is NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_open(fd_out: *mut c_int) -> *mut Table {
    // SAFETY: the caller's promise.
    unsafe { handed_out(fd_out, || Ok(Store::open(&default_name()?)?)) }
}

/// Creates an empty store called `name`.
///
/// # Safety
/// `name` is NULL or a C text, `fd_out` NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_create_named(
    name: *const c_char,
    fd_out: *mut c_int,
) -> *mut Table {
    // SAFETY: the caller's promise for `name`.
    let create = || Ok(Store::create(&unsafe { segment_name(name) }?)?);
    // SAFETY: the caller's promise for `fd_out`.
    unsafe { handed_out(fd_out, create) }
}

/// Opens the store called `name`.
///
/// # Safety
/// As for [`shared_memory_kv_create_named`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_open_named(
    name: *const c_char,
    fd_out: *mut c_int,
) -> *mut Table {
    // SAFETY: the caller's promise for `name`.
    let open = || Ok(Store::open(&unsafe { segment_name(name) }?)?);
    // SAFETY: the caller's promise for `fd_out`.
    unsafe { handed_out(fd_out, open) }
}

/// Opens the store called `name`, or creates it where there is none.
///
/// # Safety
/// As for [`shared_memory_kv_create_named`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_open_or_create_named(
    name: *const c_char,
    fd_out: *mut c_int,
) -> *mut Table {
    // SAFETY: the caller's promise for `name`.
    let open = || Ok(Store::create_or_open(&unsafe { segment_name(name) }?)?);
    // SAFETY: the caller's promise for `fd_out`.
    unsafe { handed_out(fd_out, open) }
}

/// Opens or creates the store called `name`, as `flags` say, and stores what came
/// of it where the caller keeps it.
///
/// # Safety
/// `name` is NULL or a C text, `store_out` and `fd_out` NULL or valid for a write.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_open_with(
    name: *const c_char,
    flags: c_uint,
    store_out: *mut *mut Table,
    fd_out: *mut c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { opened_into(name, flags, OpenOptions::new(), store_out, fd_out) }
}

/// As [`shared_memory_kv_open_with`], and opens stores of user `owner`, too.
///
/// # Safety
/// As for [`shared_memory_kv_open_with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_open_of_owner(
    name: *const c_char,
    flags: c_uint,
    owner: uid_t,
    store_out: *mut *mut Table,
    fd_out: *mut c_int,
) -> c_int {
    let options = OpenOptions::new().allow_owner(owner);
    // SAFETY: the caller's promise.
    unsafe { opened_into(name, flags, options, store_out, fd_out) }
}

/// # Safety
/// As for [`shared_memory_kv_open_with`].
unsafe fn opened_into(
    name: *const c_char,
    flags: c_uint,
    options: OpenOptions,
    store_out: *mut *mut Table,
    fd_out: *mut c_int,
) -> c_int {
    let make = || {
        if store_out.is_null() {
            return Err(Failure::null("store_out"));
        }
        // SAFETY: the caller's promise for `name`.
        open_with(&unsafe { segment_name(name) }?, flags, options)
    };
    // SAFETY: the caller's promise for `fd_out`.
    let store = unsafe { handed_out(fd_out, make) };
    if !store_out.is_null() {
        // SAFETY: the caller's promise for `store_out`.
        unsafe { store_out.write(store) };
    }
    if store.is_null() { -1 } else { 0 }
}

/// Unmaps `store` and closes `fd`; NULL and negative numbers are passed over.
///
/// # Safety
/// `store` is NULL or a mapped table that nobody uses any more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_destroy(fd: c_int, store: *mut Table) {
    // It cannot tell of a failure, so it leaves errno alone in any case.
    boundary::result(|| {
        if !store.is_null() {
            mappings::remove(store.addr());
            // SAFETY: the caller's promise. The kernel refuses what is not the
            // start of a page, and rounds the length up to whole pages.
            unsafe { libc::munmap(store.cast(), size_of::<Table>()) };
        }
        if fd >= 0 {
            // SAFETY: the caller gives the descriptor away.
            unsafe { libc::close(fd) };
        }
        Ok(())
    });
}

/// Removes the default name.
#[unsafe(no_mangle)]
pub extern "C" fn shared_memory_kv_unlink() -> c_int {
    boundary::status(|| unlink(&default_name()?))
}

/// Removes the name `name`.
///
/// # Safety
/// `name` is NULL or a C text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn shared_memory_kv_unlink_named(name: *const c_char) -> c_int {
    // SAFETY: the caller's promise.
    boundary::status(|| unlink(&unsafe { segment_name(name) }?))
}

fn open_with(name: &SegmentName, flags: c_uint, options: OpenOptions) -> Result<Store, Failure> {
    Ok(match flags {
        0 => Store::open_with(name, options)?,
        CREATE => Store::create_or_open_with(name, options)?,
        CREATE_NEW => Store::create(name)?,
        _ => {
            let why = format!("the flags are {flags:#x}, which no use of them gives");
            return Err(Failure::new(libc::EINVAL, why));
        }
    })
}

pub(crate) fn default_name() -> Result<SegmentName, Failure> {
    Ok(SegmentName::new(DEFAULT_NAME)?)
}

fn unlink(name: &SegmentName) -> Result<(), Failure> {
    match Store::unlink(name) {
        Err(StoreError::Segment(SegmentError::NotFound { .. })) => Ok(()),
        done => Ok(done?),
    }
}

/// Takes the store that `make` makes apart, for C. Stores -1 as the descriptor
/// where there is none, so that `destroy` may be given it.
///
/// # Safety
/// `fd_out` is NULL or valid for a write.
unsafe fn handed_out(
    fd_out: *mut c_int,
    make: impl FnOnce() -> Result<Store, Failure>,
) -> *mut Table {
    let made = boundary::result(|| {
        let segment = make()?.into_segment();
        let length = segment.mapped_length();
        let (address, descriptor) = segment.into_raw();
        mappings::add(address.addr().get(), length);
        Ok((address.cast::<Table>().as_ptr(), descriptor))
    });
    let (store, descriptor) = made.unzip();
    if !fd_out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { fd_out.write(descriptor.map_or(-1, IntoRawFd::into_raw_fd)) };
    }
    store.unwrap_or(std::ptr::null_mut())
}
