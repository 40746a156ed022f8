//! The call stack at a step, for timelines, or at a crash.
//!
//! Idea: the unwinder goes through the signal handler's frames into those of the
//! interrupted code, even where that is in the middle of `memcpy`.
//! Limits: at steps, done only where an execution is run to be shown. On a broken
//! stack it faults, which `crash.rs` is ready for.

use super::world::world;
use crate::sim::limits::MAX_FRAMES;

/// Lets the unwinder set itself up, which takes a system call: made for the first
/// time inside the handler for system calls, it would end the process.
pub fn warm_up() {
    // SAFETY: the process has one thread, so nobody else unwinds.
    unsafe { backtrace::trace_unsynchronized(|_| false) };
}

/// The addresses of the interrupted code and its callers, innermost first.
pub fn call_stack(frames: &mut [u64; MAX_FRAMES]) {
    let interrupted = world().interrupted();
    let mut count = 0;
    let mut inside = false;
    // SAFETY: the process has one thread, so nobody else unwinds.
    unsafe {
        backtrace::trace_unsynchronized(|frame| {
            inside |= frame.ip() as u64 == interrupted;
            if inside && count < frames.len() {
                frames[count] = frame.ip() as u64;
                count += 1;
            }
            count < frames.len()
        });
    }
}
