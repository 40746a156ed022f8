//! System calls of a simulated process, answered in its SIGSYS handler.
//!
//! Idea: what could let an execution depend on the machine is answered from the
//! control page: time, identity, randomness, sleeping. What would leave the
//! simulated world is refused by name.
//! Limits: all clocks read the virtual clock. It moves when sleeps and timed
//! waits end; a process sees it move by a microsecond more with each look, so
//! that a loop which waits for a time comes to an end.

use super::context::Context;
use super::control::{Op, Pending, State};
use super::world::{World, world};
use super::{futex, robust, step, sys, turn};

/// What one look at a clock costs, in nanoseconds of the virtual clock.
const LOOK_NS: u64 = 1000;

/// Answers the system call at which `context` stopped.
pub fn answer(context: &mut Context) {
    let world = world();
    let (number, arguments) = context.system_call();
    let ip = context.ip();
    let [a, b, c, d, e, f] = arguments;
    let result = match number {
        libc::SYS_futex => futex::call(&futex::Call {
            word: a,
            op: b as i32,
            value: c as u32,
            timeout: d,
            word2: e,
            value3: f as u32,
            ip,
        }),
        libc::SYS_set_robust_list => {
            world.my_control().robust_list.set(a);
            0
        }
        libc::SYS_nanosleep => sleep_for(world, step::read_timespec(a), ip),
        libc::SYS_clock_nanosleep => {
            let until = b as i32 & libc::TIMER_ABSTIME != 0;
            let span = step::read_timespec(c);
            if until {
                sleep_until(world, span.map(step::to_virtual), ip)
            } else {
                sleep_for(world, span, ip)
            }
        }
        libc::SYS_poll | libc::SYS_ppoll | libc::SYS_select | libc::SYS_pselect6 => {
            poll(world, number, arguments, ip)
        }
        libc::SYS_sched_yield => yield_turn(world, ip),
        libc::SYS_pause => forever(world, ip),
        libc::SYS_clock_gettime => clock_gettime(world, b),
        libc::SYS_gettimeofday => gettimeofday(world, a),
        libc::SYS_time => (look(world) / 1_000_000_000) as i64,
        libc::SYS_getpid | libc::SYS_gettid => robust::virtual_tid(world.me()).into(),
        libc::SYS_getppid => 1000,
        libc::SYS_getrandom => getrandom(world, a, b),
        libc::SYS_kill | libc::SYS_tkill => kill(world, number, a, b),
        libc::SYS_tgkill => kill(world, number, b, c),
        libc::SYS_exit | libc::SYS_exit_group => exit(world, a as i32),
        libc::SYS_rt_sigprocmask => sigprocmask(arguments),
        libc::SYS_rt_sigaction => sigaction(arguments),
        _ => refuse(number),
    };
    context.set_result(result);
}

fn sleep_for(world: &World, span: Option<u64>, ip: u64) -> i64 {
    sleep_until(world, span.map(|span| world.control.clock.get().saturating_add(span)), ip)
}

/// Sleeps until the virtual clock reads `deadline`; `None` is an invalid time.
fn sleep_until(world: &World, deadline: Option<u64>, ip: u64) -> i64 {
    let Some(deadline) = deadline else { return -i64::from(libc::EINVAL) };
    let me = world.my_control();
    me.deadline.set(deadline);
    turn::reach(
        Pending { op: Op::Sleep, ip, argument: deadline, ..Pending::default() },
        State::Sleeping,
    );
    me.deadline.set(u64::MAX);
    step::finish(world, &[], &[], false);
    0
}

/// A call that waits for nothing but time is a sleep; others go to the kernel.
fn poll(world: &World, number: i64, arguments: [u64; 6], ip: u64) -> i64 {
    let [a, b, c, d, e, _] = arguments;
    let files = if matches!(number, libc::SYS_poll | libc::SYS_ppoll) { b } else { a };
    if files != 0 {
        // SAFETY: the call as its process made it; the sixth argument, a signal
        // mask of pselect, is lost to the mark and is not needed.
        return unsafe { sys::call(number, [a, b, c, d, e]) };
    }
    let span = match number {
        libc::SYS_poll if (c as i32) < 0 => return forever(world, ip),
        libc::SYS_poll => Some(c * 1_000_000),
        libc::SYS_ppoll if c == 0 => return forever(world, ip),
        libc::SYS_ppoll => step::read_timespec(c),
        _ if e == 0 => return forever(world, ip),
        libc::SYS_pselect6 => step::read_timespec(e),
        _ => step::read_timeval(e),
    };
    sleep_for(world, span, ip)
}

/// Waits for what never comes.
fn forever(world: &World, ip: u64) -> i64 {
    let me = world.my_control();
    turn::reach(Pending { op: Op::Wait, ip, ..Pending::default() }, State::Ready);
    step::finish(world, &[], &[], true);
    me.key.set(u64::MAX - u64::from(world.me()));
    me.bitset.set(u32::MAX);
    me.deadline.set(u64::MAX);
    me.wake_result.set(-i64::from(libc::EINTR));
    turn::block()
}

fn yield_turn(world: &World, ip: u64) -> i64 {
    turn::reach(Pending { op: Op::Yield, ip, ..Pending::default() }, State::Ready);
    step::finish(world, &[], &[], false);
    world.my_control().yielded.set(true);
    0
}

/// What the clocks read, for this process.
fn look(world: &World) -> u64 {
    let me = world.my_control();
    me.looked_ns.set(me.looked_ns.get() + LOOK_NS);
    step::EPOCH_NS + world.control.clock.get() + me.looked_ns.get()
}

fn clock_gettime(world: &World, to: u64) -> i64 {
    let now = look(world);
    let time = libc::timespec {
        tv_sec: (now / 1_000_000_000) as i64,
        tv_nsec: (now % 1_000_000_000) as i64,
    };
    // SAFETY: the process passed a place for a timespec, in private memory; if it
    // did not, it crashes here and is reported.
    unsafe { (to as *mut libc::timespec).write_unaligned(time) };
    0
}

fn gettimeofday(world: &World, to: u64) -> i64 {
    let now = look(world);
    let time = libc::timeval {
        tv_sec: (now / 1_000_000_000) as i64,
        tv_usec: (now % 1_000_000_000 / 1000) as i64,
    };
    if to != 0 {
        // SAFETY: as in `clock_gettime`.
        unsafe { (to as *mut libc::timeval).write_unaligned(time) };
    }
    0
}

/// Bytes that are the same in each execution.
fn getrandom(world: &World, to: u64, len: u64) -> i64 {
    let me = world.my_control();
    for i in 0..len {
        let count = me.drawn.get();
        me.drawn.set(count + 1);
        let byte = super::mix(u64::from(world.me()) << 32 | count) as u8;
        // SAFETY: as in `clock_gettime`.
        unsafe { ((to + i) as *mut u8).write_volatile(byte) };
    }
    len as i64
}

/// A signal to itself is delivered; one to anybody else leaves the simulation.
fn kill(world: &World, number: i64, target: u64, signal: u64) -> i64 {
    let own = robust::virtual_tid(world.me());
    if target as u32 != own && target != 0 {
        refuse(number);
    }
    if matches!(signal as i32, libc::SIGKILL | libc::SIGSTOP) {
        super::signals::note_crash(world, signal as i32, 0);
        turn::retire(State::Crashed);
    }
    sys::kill(sys::pid(), signal as i32);
    0
}

fn exit(world: &World, status: i32) -> ! {
    world.my_control().detail.set(status as u64);
    turn::retire(State::Exited);
    sys::leave(status)
}

/// The simulator's own signals are never blocked.
fn sigprocmask(arguments: [u64; 6]) -> i64 {
    let [how, set, old, size, ..] = arguments;
    let mut copy = 0u64;
    let mut set_address = set;
    if set != 0 {
        // SAFETY: the process passed a signal mask of 8 bytes, in private memory.
        copy = unsafe { (set as *const u64).read_unaligned() };
        if how as i32 != libc::SIG_UNBLOCK {
            copy &= !super::signals::OWN_MASK;
        }
        set_address = (&raw const copy) as u64;
    }
    // SAFETY: as the process asked, with a mask that is valid until the call returns.
    let result = unsafe { sys::call(libc::SYS_rt_sigprocmask, [how, set_address, old, size, 0]) };
    let _ = copy;
    result
}

fn sigaction(arguments: [u64; 6]) -> i64 {
    let [signal, new, old, size, ..] = arguments;
    let own = signal < 64 && super::signals::OWN_MASK >> signal.saturating_sub(1) & 1 == 1;
    if own && new != 0 {
        turn::refuse(&format!("a handler for signal {signal} cannot be set in a simulation"));
    }
    // SAFETY: as the process asked.
    unsafe { sys::call(libc::SYS_rt_sigaction, [signal, new, old, size, 0]) }
}

fn refuse(number: i64) -> ! {
    let what = match number {
        libc::SYS_fork | libc::SYS_vfork | libc::SYS_clone | libc::SYS_clone3 => {
            "starting a process or a thread"
        }
        libc::SYS_mmap | libc::SYS_shmat => "mapping other shared memory",
        libc::SYS_execve | libc::SYS_execveat => "running another program",
        libc::SYS_kill | libc::SYS_tkill | libc::SYS_tgkill => "a signal to another process",
        libc::SYS_read | libc::SYS_pread64 | libc::SYS_recvfrom => {
            "reading a file into shared memory"
        }
        libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_sendto => {
            "writing shared memory to a file"
        }
        _ => turn::refuse(&format!("system call {number} is not emulated by the simulator")),
    };
    turn::refuse(&format!("{what} (system call {number}) is not emulated by the simulator"))
}
