//! Source lines of instructions.
//!
//! Idea: children are forks of this program, so an address in a child is one in
//! the parent, whose debug information is at hand. The line shown is the
//! scenario's own: the innermost frame that is not in the standard library, in
//! libc, or in a function that only copies bytes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use serde::Serialize;

use super::order::MAX_FRAMES;

/// A place in source code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Place {
    /// The file, as the compiler was given it.
    pub file: String,
    /// From 1.
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Parts of paths whose frames are passed over: they carry out an access for
/// somebody else.
const PASSED_OVER: [&str; 8] = [
    "/rustc/",
    "/library/core/",
    "/library/std/",
    "/library/alloc/",
    "core/src/layout/",
    "core/src/sys/",
    "core/src/semaphore.rs",
    "harness/src/",
];

thread_local! {
    static KNOWN: RefCell<HashMap<u64, Vec<Place>>> = RefCell::default();
    /// Whether debug information has been read and not been given back.
    static READ: Cell<bool> = const { Cell::new(false) };
}

/// `file:line` of an instruction, where it is known.
#[cfg(target_arch = "x86_64")]
pub fn place(ip: u64) -> Option<String> {
    let places = places(ip);
    let own = places.iter().find(|place| is_own(place)).or(places.first());
    own.map(ToString::to_string)
}

/// How far before an instruction that has no line of its own one is looked for,
/// in bytes: optimisers leave some without.
const LOOK_BACK: u64 = 24;

/// The place in the scenario's own code of a call stack, innermost frame first.
pub fn own_place(frames: &[u64; MAX_FRAMES]) -> Option<Place> {
    let callers = frames.iter().skip(1).take_while(|ip| **ip != 0);
    // A caller's address is that of the instruction after the call.
    let exact = places(frames[0]).into_iter().chain(callers.flat_map(|ip| places(*ip - 1)));
    let before = (1..LOOK_BACK).map(|back| frames[0].saturating_sub(back));
    exact.chain(before.flat_map(places)).find(is_own)
}

/// Whether an instruction belongs to libc or the dynamic linker.
pub fn in_libc(ip: u64) -> bool {
    // SAFETY: all zeroes is a valid `Dl_info`: null pointers.
    let mut info: libc::Dl_info = unsafe { std::mem::zeroed() };
    // SAFETY: the result is valid for a write; any address may be asked for.
    let found = unsafe { libc::dladdr(ip as *const libc::c_void, &raw mut info) };
    if found == 0 || info.dli_fname.is_null() {
        return false;
    }
    // SAFETY: dladdr set the name to a string that lives as long as the library.
    let file = unsafe { std::ffi::CStr::from_ptr(info.dli_fname) }.to_string_lossy();
    let name = file.rsplit('/').next().unwrap_or_default();
    ["libc.so", "libpthread.so", "ld-linux", "libm.so", "libgcc_s.so"]
        .iter()
        .any(|library| name.starts_with(library))
}

fn is_own(place: &Place) -> bool {
    !PASSED_OVER.iter().any(|part| place.file.contains(part))
}

/// Gives back the debug information that was read; the places found are kept.
///
/// It is tens of megabytes, which every process forked from this one would have to
/// be given and rid of; executions took several times as long.
#[cfg(target_arch = "x86_64")]
pub fn forget() {
    if READ.take() {
        backtrace::clear_symbol_cache();
        // SAFETY: gives free memory back to the kernel, and touches no other.
        unsafe { libc::malloc_trim(0) };
    }
}

/// The places of an instruction: innermost inlined function first.
fn places(ip: u64) -> Vec<Place> {
    if ip == 0 {
        return Vec::new();
    }
    KNOWN.with_borrow_mut(|known| {
        known
            .entry(ip)
            .or_insert_with(|| {
                let mut places = Vec::new();
                if in_libc(ip) {
                    return places;
                }
                READ.set(true);
                // `resolve` looks one byte before the address, as for a caller.
                backtrace::resolve((ip + 1) as *mut std::ffi::c_void, |symbol| {
                    if let (Some(file), Some(line)) = (symbol.filename(), symbol.lineno()) {
                        places.push(Place { file: file.display().to_string(), line });
                    }
                });
                places
            })
            .clone()
    })
}
