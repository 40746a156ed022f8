//! The signal handlers of a simulated process.
//!
//! SIGSEGV in the shared state is a step; elsewhere it is a crash. SIGTRAP ends
//! a single step. SIGSYS is a system call to answer. Other deadly signals are
//! noted with the place where they struck.

use std::ptr;

use super::context::Context;
use super::control::State;
use super::world::{World, world};
use super::{access, stepped, sys, syscalls, turn};

/// Signals that end a process and are noted.
const DEADLY: [i32; 5] = [libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT, libc::SIGPIPE];

/// The signals that the simulator needs, as a kernel signal mask.
pub const OWN_MASK: u64 =
    1 << (libc::SIGSEGV - 1) | 1 << (libc::SIGTRAP - 1) | 1 << (libc::SIGSYS - 1);

/// The stack of the handlers, in bytes: also needed when the usual one is used up.
const STACK: usize = 256 * 1024;

type Handler = extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void);

/// Installs the handlers, for this process and those that it will fork.
pub fn install() {
    let stack = Box::leak(vec![0u8; STACK].into_boxed_slice());
    let stack = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: STACK };
    // SAFETY: the stack lives as long as the process.
    unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) };
    set(libc::SIGSEGV, on_fault);
    set(libc::SIGTRAP, on_trap);
    set(libc::SIGSYS, on_system_call);
    for signal in DEADLY {
        set(signal, on_deadly);
    }
}

fn set(signal: i32, handler: Handler) {
    // SAFETY: all zeroes is a valid sigaction: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
    // SAFETY: the action is valid until the call returns.
    unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
}

extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let world = world();
    // SAFETY: the handler was installed with SA_SIGINFO.
    let mut context = unsafe { Context::new(context) };
    // SAFETY: as above; the kernel put a `siginfo_t` there.
    let info = unsafe { &*info };
    // SAFETY: SIGSEGV carries an address.
    let address = unsafe { info.si_addr() } as u64;
    if world.offset(address).is_none() || world.offset(context.ip()).is_some() {
        crash(world, signal, context.ip());
    }
    world.interrupted_at(context.ip());
    access::carry_out(world, &mut context);
}

extern "C" fn on_trap(signal: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let world = world();
    // SAFETY: the handler was installed with SA_SIGINFO.
    let mut context = unsafe { Context::new(context) };
    world.interrupted_at(context.ip());
    if !stepped::finish(world, &mut context) {
        crash(world, signal, context.ip());
    }
}

extern "C" fn on_system_call(_: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the handler was installed with SA_SIGINFO.
    let mut context = unsafe { Context::new(context) };
    world().interrupted_at(context.ip());
    syscalls::answer(&mut context);
}

extern "C" fn on_deadly(signal: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the handler was installed with SA_SIGINFO.
    let context = unsafe { Context::new(context) };
    crash(world(), signal, context.ip());
}

/// Writes down that this process is ended by `signal` at `ip`.
pub fn note_crash(world: &World, signal: i32, ip: u64) {
    let me = world.my_control();
    me.text.set(name(signal));
    me.detail.set(ip);
}

/// Ends this process as `signal` at `ip` would.
pub fn crash(world: &World, signal: i32, ip: u64) -> ! {
    note_crash(world, signal, ip);
    turn::retire(State::Crashed);
    // SIGKILL needs no default action to be restored, and what matters has been
    // written down.
    sys::leave_by(libc::SIGKILL)
}

/// The name of a signal.
pub fn name(signal: i32) -> &'static str {
    nix::sys::signal::Signal::try_from(signal).map_or("an unknown signal", |signal| signal.as_str())
}
