//! Whether the process that has the turn still gets anywhere.
//!
//! Idea: one that computes without a step is measured by its processor time, which
//! a busy machine cannot use up for it. One that sleeps in the kernel waits for
//! what the simulator does not see. One that does neither is kept from running by
//! the machine, and nothing can be said about it.
//! Source: clock_getcpuclockid(3), proc_pid_stat(5).
//! Limits: runs in the zygote, so it neither allocates nor makes calls without the
//! mark. Without `/proc`, one that uses no processor time is taken to sleep. Where
//! scenarios give up rights, `/proc` may be among them and is not asked: one that
//! uses no processor time is taken to be kept from running.

use std::io::Write;

use super::sys;
use crate::sim::turns::control::{Control, Ending};

/// How often the zygote looks, in milliseconds.
pub const TICK_MS: u64 = 100;

/// After how many times the limit, in real time, a process is given up that the
/// machine does not run; and after how many milliseconds at least.
const STARVED: (u64, u64) = (20, 60_000);

/// The kind of a processor clock that counts all time of a process, in the lowest
/// bits of its number.
const WHOLE_TIME: i32 = 2;

/// What was seen of the process that has the turn.
#[derive(Default)]
pub struct Watch {
    /// Whether the scenario gave up rights.
    confined: bool,
    process: (u8, i32),
    steps: u32,
    since_ms: u64,
    used_at_first_ms: u64,
    used_ms: u64,
    /// For how many looks in a row it slept.
    asleep: u64,
}

impl Watch {
    /// Nothing was seen yet.
    pub fn new(confined: bool) -> Self {
        Self { confined, ..Self::default() }
    }

    /// Looks once; says how the execution ends, if it is to be given up.
    pub fn look(&mut self, control: &Control) -> Option<Ending> {
        let turn = control.turn.get().unwrap_or(0);
        let pid = control.process(turn).pid.get();
        let (now, used) = (clock_ms(libc::CLOCK_MONOTONIC), used_ms(pid));
        if (self.process, self.steps) != ((turn, pid), control.steps.get()) {
            *self = Self {
                confined: self.confined,
                process: (turn, pid),
                steps: control.steps.get(),
                since_ms: now,
                used_at_first_ms: used,
                used_ms: used,
                asleep: 0,
            };
            return None;
        }
        let sleeps = used == self.used_ms && !self.confined && sleeps(pid);
        self.asleep = if sleeps { self.asleep + 1 } else { 0 };
        self.used_ms = used;
        let (waited, used) = (now - self.since_ms, used.saturating_sub(self.used_at_first_ms));
        let limit = control.hang_ms.get();
        let ending = if used >= limit {
            Ending::Hung
        } else if self.asleep * TICK_MS >= limit {
            Ending::Asleep
        } else if waited >= limit.saturating_mul(STARVED.0).max(STARVED.1) {
            control.waited_ms.set((waited, used));
            Ending::Starved
        } else {
            return None;
        };
        control.culprit.set(turn);
        Some(ending)
    }
}

/// The processor time that a process has used; 0 where there is none.
fn used_ms(pid: i32) -> u64 {
    if pid > 0 { clock_ms(!pid << 3 | WHOLE_TIME) } else { 0 }
}

/// What a clock reads; 0 where there is none of this number.
fn clock_ms(clock: i32) -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let arguments = [clock as u64, (&raw mut time) as u64, 0, 0, 0];
    // SAFETY: the time is valid for a write.
    unsafe { sys::call(libc::SYS_clock_gettime, arguments) };
    time.tv_sec as u64 * 1000 + time.tv_nsec as u64 / 1_000_000
}

/// Whether a process sleeps in a wait that a signal could end: not one for a disk.
fn sleeps(pid: i32) -> bool {
    // Zeroes follow the path, so it ends.
    let mut path = [0u8; 32];
    let written = write!(&mut path[..31], "/proc/{pid}/stat");
    debug_assert!(written.is_ok(), "a number has 11 characters at most");
    let open = [libc::AT_FDCWD as u64, path.as_ptr() as u64, libc::O_CLOEXEC as u64, 0, 0];
    // SAFETY: the path is a string that lives until the call returns.
    let file = unsafe { sys::call(libc::SYS_openat, open) };
    if file < 0 {
        return true;
    }
    let mut text = [0u8; 128];
    let read = [file as u64, text.as_mut_ptr() as u64, text.len() as u64, 0, 0];
    // SAFETY: the text is valid for a write of its length.
    unsafe { sys::call(libc::SYS_read, read) };
    // SAFETY: the descriptor was opened above.
    unsafe { sys::call(libc::SYS_close, [file as u64, 0, 0, 0, 0]) };
    // `PID (NAME) STATE …`; the name itself may hold parentheses.
    let name_end = text.iter().rposition(|byte| *byte == b')');
    name_end.is_some_and(|end| text.get(end + 2) == Some(&b'S'))
}
