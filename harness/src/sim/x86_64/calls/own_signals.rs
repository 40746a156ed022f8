//! System calls on signals: masks, handlers, and signals to oneself.
//!
//! Idea: a process may use signals within itself as it likes, except for those
//! that the simulator needs, which it can neither block nor handle. A signal
//! that it sends to itself is pending while the simulator answers the call, and
//! is delivered when the answer is given.
//! Source: rt_sigprocmask(2), sigaction(2), kill(2).
//! Limits: signals to other processes are refused, and so is waiting for one.

use super::refusals::refuse;
use super::{Context, State, World, crash, robust, sys, turn};

/// The signals that the simulator needs, as a kernel signal mask.
pub const OWN_MASK: u64 =
    1 << (libc::SIGSEGV - 1) | 1 << (libc::SIGTRAP - 1) | 1 << (libc::SIGSYS - 1);

/// A signal to itself is delivered; one to anybody else leaves the simulation.
pub fn kill(world: &World, number: i64, target: u64, signal: u64) -> i64 {
    let own = robust::virtual_tid(world.me());
    if target as u32 != own && target != 0 {
        refuse(number);
    }
    match signal as i32 {
        libc::SIGKILL => {
            world.my_control().text.set(crash::name(libc::SIGKILL));
            turn::retire(State::Crashed);
            sys::leave_by(libc::SIGKILL)
        }
        libc::SIGSTOP | libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => {
            turn::refuse("stopping itself by a signal is not emulated by the simulator")
        }
        signal => sys::kill(sys::pid(), signal),
    }
}

/// The mask is the interrupted code's own; the simulator's signals stay out of it.
pub fn sigprocmask(context: &mut Context, arguments: [u64; 6]) -> i64 {
    let [how, set, old, size, ..] = arguments;
    let before = context.blocked_signals();
    if size != 8 {
        return -i64::from(libc::EINVAL);
    }
    if set != 0 {
        // SAFETY: the process passed a signal mask of 8 bytes; if it did not, it
        // crashes here and is reported.
        let asked = unsafe { (set as *const u64).read_unaligned() };
        let after = match how as i32 {
            libc::SIG_BLOCK => before | asked,
            libc::SIG_UNBLOCK => before & !asked,
            libc::SIG_SETMASK => asked,
            _ => return -i64::from(libc::EINVAL),
        };
        context.block_signals(after & !OWN_MASK);
    }
    if old != 0 {
        // SAFETY: as above.
        unsafe { (old as *mut u64).write_unaligned(before) };
    }
    0
}

/// Handlers are the process's own affair, but for the simulator's signals.
pub fn sigaction(arguments: [u64; 6]) -> i64 {
    let [signal, new, old, size, ..] = arguments;
    let own = (1..64).contains(&signal) && OWN_MASK >> (signal - 1) & 1 == 1;
    if own && new != 0 {
        let name = crash::name(signal as i32);
        turn::refuse(&format!("a handler for {name} is not possible in a simulation"));
    }
    // SAFETY: as the process asked.
    unsafe { sys::call(libc::SYS_rt_sigaction, [signal, new, old, size, 0]) }
}

/// The stack for handlers is the simulator's, which is large; another is not used.
pub fn sigaltstack(old: u64) -> i64 {
    // SAFETY: as the process asked; nothing is changed.
    unsafe { sys::call(libc::SYS_sigaltstack, [0, old, 0, 0, 0]) }
}
