//! The clock calls that never enter the kernel, made to enter it.
//!
//! Idea: the kernel maps a small library, the vDSO, whose `clock_gettime` reads
//! the time without a system call, so no filter sees it. In a simulated process
//! its first instructions are overwritten by the system call itself. The pages
//! are private to the process.
//! Source: vdso(7).
//! Limits: where the kernel seals the vDSO, its clocks show real time; so does
//! then the instruction `rdtsc`.

use super::sys;

/// The functions that are replaced, with their system calls.
const FUNCTIONS: [(&std::ffi::CStr, i64); 4] = [
    (c"__vdso_clock_gettime", libc::SYS_clock_gettime),
    (c"__vdso_gettimeofday", libc::SYS_gettimeofday),
    (c"__vdso_time", libc::SYS_time),
    (c"__vdso_getrandom", libc::SYS_getrandom),
];

/// Replaces the functions in this process; returns whether all that exist were.
pub fn patch() -> bool {
    // SAFETY: a constant name; RTLD_NOLOAD loads nothing.
    let library =
        unsafe { libc::dlopen(c"linux-vdso.so.1".as_ptr(), libc::RTLD_LAZY | libc::RTLD_NOLOAD) };
    if library.is_null() {
        // No vDSO: the calls enter the kernel as they are.
        return true;
    }
    if !make_writable() {
        return false;
    }
    for (name, number) in FUNCTIONS {
        // SAFETY: the library is loaded, and both names are constants.
        let function = unsafe { libc::dlvsym(library, name.as_ptr(), c"LINUX_2.6".as_ptr()) };
        if !function.is_null() {
            replace(function as u64, number as u32);
        }
    }
    true
}

/// Makes the vDSO's pages writable, all at once: the kernel does not let this
/// mapping be split.
fn make_writable() -> bool {
    let Ok(maps) = std::fs::read_to_string("/proc/self/maps") else { return false };
    let range = maps.lines().find(|line| line.ends_with("[vdso]")).and_then(|line| {
        let (start, end) = line.split_once(' ')?.0.split_once('-')?;
        Some((u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?))
    });
    let Some((start, end)) = range else { return false };
    let all = (libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC) as u64;
    // SAFETY: the range is the vDSO, whose code only this thread runs.
    unsafe { sys::call(libc::SYS_mprotect, [start, end - start, all, 0, 0]) == 0 }
}

/// Writes `mov eax, NUMBER; syscall; ret` over the function.
fn replace(function: u64, number: u32) {
    let [a, b, c, d] = number.to_le_bytes();
    for (i, byte) in [0xb8, a, b, c, d, 0x0f, 0x05, 0xc3].into_iter().enumerate() {
        // SAFETY: the pages were made writable; functions of the vDSO are longer
        // than eight bytes.
        unsafe { ((function + i as u64) as *mut u8).write_volatile(byte) };
    }
}
