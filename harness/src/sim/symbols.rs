//! Source lines of instructions.
//!
//! Idea: children are forks of this program, so an address in a child is one in
//! the parent, whose debug information is at hand. The line shown is the
//! scenario's own: the innermost frame that is not in the standard library, in
//! libc, or in a function that only copies bytes. Beyond the harness's first frame, which
//! called the body, nothing is the scenario's. Whose a frame is tells the folder of its
//! file; which folders are the harness's and the core's, their own functions tell, since
//! optimised builds have no paths of functions.
//! Limits: an instruction that the optimiser left without a line has none here, too.
//! Files are told by cargo's rules, as long as the sources are where they were built.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::Path;

use serde::Serialize;

use super::limits::MAX_FRAMES;

/// A place in source code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Place {
    /// The file, from the root of its workspace; a dependency's from the folder that
    /// has its name and version.
    pub file: String,
    /// From 1.
    pub line: u32,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What of the core carries out an access for somebody else.
const PASSED_OVER: [&str; 4] = ["layout/", "sys/", "semaphore/", "semaphore.rs"];

/// Where the standard library's sources are, by the compiler or by rustup.
const STANDARD: [&str; 2] = ["/rustc/", "/rustlib/src/rust/library/"];

/// Where cargo keeps the sources of dependencies.
const REGISTRIES: [&str; 2] = ["/registry/src/", "/git/checkouts/"];

/// Whose a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// The scenario's own code.
    Scenario,
    /// A library from a registry.
    Dependency,
    /// What is passed over.
    Passed,
    /// The harness.
    Harness,
}

/// A function, inlined or not, that an instruction belongs to.
#[derive(Clone, Debug)]
struct Frame {
    place: Place,
    owner: Owner,
}

thread_local! {
    static KNOWN: RefCell<HashMap<u64, Vec<Frame>>> = RefCell::default();
    static SOURCES: Sources = Sources::find();
    /// The roots of the workspaces of folders, where there are any.
    static ROOTS: RefCell<HashMap<String, Option<String>>> = RefCell::default();
    /// Whether debug information has been read and not been given back.
    static READ: Cell<bool> = const { Cell::new(false) };
}

/// `file:line` of an instruction, where it is known.
#[cfg(target_arch = "x86_64")]
pub fn place(ip: u64) -> Option<String> {
    let frames = frames(ip);
    let own = frames.iter().find(|frame| frame.owner == Owner::Scenario).or(frames.first());
    own.map(|frame| frame.place.to_string())
}

/// The place in the scenario's own code of a call stack, innermost frame first; in a
/// dependency's, where none of it is the scenario's.
pub fn own_place(stack: &[u64; MAX_FRAMES]) -> Option<Place> {
    let callers = stack.iter().skip(1).take_while(|ip| **ip != 0);
    // A caller's address is that of the instruction after the call.
    let all = frames(stack[0]).into_iter().chain(callers.flat_map(|ip| frames(*ip - 1)));
    let body: Vec<Frame> = all.take_while(|frame| frame.owner != Owner::Harness).collect();
    let first = |owner: Owner| body.iter().find(|frame| frame.owner == owner);
    first(Owner::Scenario).or(first(Owner::Dependency)).map(|frame| frame.place.clone())
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

impl Owner {
    /// Whose the code in `file` is.
    fn of(file: &str) -> Self {
        let is_in = |folder: Option<&str>, parts: &[&str]| {
            let rest = folder.and_then(|folder| file.strip_prefix(folder));
            rest.is_some_and(|rest| parts.iter().any(|part| rest.starts_with(part)))
        };
        SOURCES.with(|sources| {
            if is_in(sources.harness.as_deref(), &[""]) {
                Self::Harness
            } else if is_in(sources.core.as_deref(), &PASSED_OVER)
                || STANDARD.iter().any(|part| file.contains(part))
            {
                Self::Passed
            } else if REGISTRIES.iter().any(|part| file.contains(part)) {
                Self::Dependency
            } else {
                Self::Scenario
            }
        })
    }
}

/// Where the sources of our own crates were when they were compiled.
struct Sources {
    harness: Option<String>,
    core: Option<String>,
}

impl Sources {
    fn find() -> Self {
        Self {
            harness: folder(in_libc as fn(u64) -> bool as usize, "sim/symbols.rs"),
            core: folder(shmkv::Semaphore::value as fn(&_) -> _ as usize, "semaphore.rs"),
        }
    }
}

/// The folder in which `file` is, a function of which is at `address`.
fn folder(address: usize, file: &str) -> Option<String> {
    let frames = lines(address as u64);
    frames.iter().find_map(|(path, _)| path.strip_suffix(file).map(str::to_owned))
}

/// `file` from the root of its workspace, or from the folder of its crate in a registry.
/// Where neither is found it is as the compiler was given it.
fn from_root(file: &str) -> String {
    for part in REGISTRIES {
        // The first folder behind it is the registry's or the repository's own.
        if let Some((_, rest)) = file.split_once(part)
            && let Some((_, rest)) = rest.split_once('/')
        {
            return rest.to_owned();
        }
    }
    let Some((folder, _)) = file.rsplit_once('/') else { return file.to_owned() };
    ROOTS.with_borrow_mut(|roots| {
        let root = roots.entry(folder.to_owned()).or_insert_with(|| root_of(Path::new(folder)));
        let rest = root.as_deref().and_then(|root| file.strip_prefix(root)?.strip_prefix('/'));
        rest.unwrap_or(file).to_owned()
    })
}

/// The root of the workspace that a folder belongs to, as cargo finds it: the first
/// manifest above that has workspace members, or else the first.
fn root_of(folder: &Path) -> Option<String> {
    let manifests = folder.ancestors().filter_map(|folder| {
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).ok()?;
        Some((folder, manifest))
    });
    let mut nearest = None;
    for (folder, manifest) in manifests {
        let folder = folder.to_str()?.to_owned();
        if manifest.lines().any(|line| line.trim_start().starts_with("[workspace")) {
            return Some(folder);
        }
        nearest = nearest.or(Some(folder));
    }
    nearest
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

/// The functions that an instruction belongs to: innermost inlined function first.
fn frames(ip: u64) -> Vec<Frame> {
    if ip == 0 {
        return Vec::new();
    }
    KNOWN.with_borrow_mut(|known| known.entry(ip).or_insert_with(|| read_frames(ip)).clone())
}

fn read_frames(ip: u64) -> Vec<Frame> {
    if in_libc(ip) {
        return Vec::new();
    }
    let frame = |(file, line): (String, u32)| Frame {
        owner: Owner::of(&file),
        place: Place { file: from_root(&file), line },
    };
    lines(ip).into_iter().map(frame).collect()
}

/// The files and lines of an instruction, as the compiler was given them.
fn lines(ip: u64) -> Vec<(String, u32)> {
    READ.set(true);
    let mut lines = Vec::new();
    // `resolve` looks one byte before the address, as for a caller.
    backtrace::resolve((ip + 1) as *mut std::ffi::c_void, |symbol| {
        if let (Some(file), Some(line)) = (symbol.filename(), symbol.lineno()) {
            lines.push((file.display().to_string(), line));
        }
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A scenario of somebody whose folders are called like ours is its own.
    #[test]
    fn frames_are_told_by_where_our_own_sources_are() {
        let (harness, core) = SOURCES.with(|sources| {
            (sources.harness.clone().expect("known"), sources.core.clone().expect("known"))
        });
        let own = |file: &str| format!("{core}{file}");
        let registry = "/home/me/.cargo/registry/src/index.example-1949cf8c/ring-1.2.3/src/lib.rs";
        for (file, expected) in [
            (harness + "scenario.rs", Owner::Harness),
            (own("semaphore.rs"), Owner::Passed),
            (own("layout/text.rs"), Owner::Passed),
            (own("store/operations.rs"), Owner::Scenario),
            ("/rustc/5980/library/core/src/sync/atomic.rs".into(), Owner::Passed),
            ("/home/me/harness/src/lib.rs".into(), Owner::Scenario),
            ("/home/me/core/src/sys/clock.c".into(), Owner::Scenario),
            (registry.into(), Owner::Dependency),
        ] {
            assert_eq!(Owner::of(&file), expected, "{file}");
        }
        assert_eq!(from_root(registry), "ring-1.2.3/src/lib.rs");
        assert_eq!(from_root("/nowhere/at/all.c"), "/nowhere/at/all.c");
        let here = concat!(env!("CARGO_MANIFEST_DIR"), "/src/sim/symbols.rs");
        assert_eq!(from_root(here), "harness/src/sim/symbols.rs");
    }
}
