//! The signal handlers of a simulated process.
//!
//! SIGSEGV in the shared state is a step; elsewhere it is a crash, or a look at the
//! processor's counter. SIGTRAP ends
//! a single step. SIGSYS is a system call to answer. Other deadly signals that
//! the program does not handle are noted with the place where they struck.
//! While a handler runs, other signals wait, so that the code under test handles
//! them in code of its own. These are taken even then: a handler that reads the
//! caller's memory on its behalf makes a step or crashes as the caller would have.

use std::alloc::Layout;
use std::ops::Range;
use std::ptr;

use super::calls::own_signals::OWN_MASK;
use super::calls::{clock, syscalls};
use super::context::Context;
use super::crash::crash;
use super::instructions::{access, stepped};
use super::sys;
use super::world::world;

/// Signals that end a process, and say where.
const DEADLY: [i32; 4] = [libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT];

/// The stack of the handlers, in bytes: also needed when the usual one is used up.
const STACK: usize = 256 * 1024;

/// The size of a page, in bytes.
const PAGE: usize = 4096;

/// `si_code` of a SIGSYS that a filter raised.
const SYS_SECCOMP: i32 = 1;

type Handler = extern "C" fn(i32, *mut libc::siginfo_t, *mut libc::c_void);

/// Installs the handlers, for this process and those that it will fork. Returns
/// where their stack lies.
pub fn install() -> Range<u64> {
    // Pages of its own, since `fingerprint.rs` looks at all others.
    let pages = Layout::from_size_align(STACK, PAGE).expect("a power of two");
    // SAFETY: the size is not zero.
    let stack = unsafe { std::alloc::alloc_zeroed(pages) };
    assert!(!stack.is_null(), "no memory for the stack of the signal handlers");
    let lies = stack as u64..stack as u64 + STACK as u64;
    let stack = libc::stack_t { ss_sp: stack.cast(), ss_flags: 0, ss_size: STACK };
    // SAFETY: the stack lives as long as the process.
    unsafe { libc::sigaltstack(&raw const stack, ptr::null_mut()) };
    unblock();
    set(libc::SIGSEGV, on_fault);
    set(libc::SIGTRAP, on_trap);
    set(libc::SIGSYS, on_system_call);
    for signal in DEADLY.into_iter().filter(|signal| !is_handled(*signal)) {
        set(signal, on_deadly);
    }
    lies
}

/// Whether the program itself handles `signal`. Rust's runtime handles SIGBUS,
/// only to say more of it.
fn is_handled(signal: i32) -> bool {
    // SAFETY: all zeroes is a valid sigaction.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: the result is valid for a write; nothing is changed.
    unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) };
    signal != libc::SIGBUS && action.sa_sigaction != libc::SIG_DFL
}

/// The program may have blocked what is needed here.
fn unblock() {
    let mask = OWN_MASK | 1 << (libc::SIGALRM - 1);
    let arguments = [libc::SIG_UNBLOCK as u64, (&raw const mask) as u64, 0, 8, 0];
    // SAFETY: the mask has 8 bytes and is valid until the call returns.
    unsafe { sys::call(libc::SYS_rt_sigprocmask, arguments) };
}

fn set(signal: i32, handler: Handler) {
    // SAFETY: all zeroes is a valid sigaction: no flags, an empty mask.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler as usize;
    action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
    // SAFETY: the mask is valid for a write.
    unsafe { libc::sigfillset(&raw mut action.sa_mask) };
    for own in [libc::SIGSEGV, libc::SIGTRAP, libc::SIGSYS] {
        // SAFETY: as above.
        unsafe { libc::sigdelset(&raw mut action.sa_mask, own) };
    }
    // SAFETY: the action is valid until the call returns.
    unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) };
}

extern "C" fn on_fault(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let world = world();
    // SAFETY: the handler was installed with SA_SIGINFO.
    let mut context = unsafe { Context::new(context) };
    // SAFETY: as above; the kernel put a `siginfo_t` there.
    let info = unsafe { &*info };
    // SAFETY: SIGSEGV carries an address, unless a process sent it.
    let address = unsafe { info.si_addr() } as u64;
    let by_itself = info.si_code > 0;
    if by_itself && world.offset(address).is_none() && clock::read_counter(world, &mut context) {
        return;
    }
    if !by_itself || world.offset(address).is_none() || world.offset(context.ip()).is_some() {
        crash(world, signal, &context);
    }
    world.interrupted_at(context.ip());
    let outer = world.enter(&context);
    access::carry_out(world, &mut context);
    world.leave(outer);
}

extern "C" fn on_trap(signal: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let world = world();
    // SAFETY: the handler was installed with SA_SIGINFO.
    let mut context = unsafe { Context::new(context) };
    world.interrupted_at(context.ip());
    let outer = world.enter(&context);
    if !stepped::finish(world, &mut context) {
        crash(world, signal, &context);
    }
    world.leave(outer);
}

extern "C" fn on_system_call(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let world = world();
    // SAFETY: the handler was installed with SA_SIGINFO.
    let mut context = unsafe { Context::new(context) };
    // SAFETY: as above; the kernel put a `siginfo_t` there.
    let info = unsafe { &*info };
    world.interrupted_at(context.ip());
    if info.si_code != SYS_SECCOMP {
        crash(world, signal, &context);
    }
    let outer = world.enter(&context);
    syscalls::answer(&mut context);
    world.leave(outer);
}

extern "C" fn on_deadly(signal: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the handler was installed with SA_SIGINFO.
    let context = unsafe { Context::new(context) };
    crash(world(), signal, &context);
}
