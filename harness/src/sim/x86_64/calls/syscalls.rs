//! System calls of a simulated process, answered in its SIGSYS handler.
//!
//! Idea: what could let an execution depend on the machine is answered from the
//! control page: time, identity, randomness, sleeping. What would leave the
//! simulated world is refused by name (`refusals.rs`).
//! Limits: files, sockets and the like are the machine's own; a wait for them is a
//! wait in real time.

use super::refusals::{BY_ID, deny, is_refused, refuse};
use super::{Context, Op, Pending, State, World, clock, futex, own_signals, robust, step, sys};
use super::{turn, world};
use crate::random::mix;
use crate::trap;

/// Answers the system call at which `context` stopped.
pub fn answer(context: &mut Context) {
    let world = world();
    let (number, arguments) = context.system_call();
    let ip = context.ip();
    let [a, b, c, d, e, f] = arguments;
    if f == sys::MARK {
        // Ours, and stopped all the same: by the scenario's own filter.
        deny(number);
    }
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
        libc::SYS_nanosleep => sleep_for(world, clock::read_timespec(world, a), ip),
        libc::SYS_clock_nanosleep => {
            let until = b as i32 & libc::TIMER_ABSTIME != 0;
            let span = clock::read_timespec(world, c);
            if until {
                sleep_until(world, span.map(clock::to_virtual), ip)
            } else {
                sleep_for(world, span, ip)
            }
        }
        libc::SYS_poll | libc::SYS_ppoll | libc::SYS_select | libc::SYS_pselect6 => {
            poll(world, number, arguments, ip)
        }
        libc::SYS_sched_yield => yield_turn(world, ip),
        libc::SYS_pause => forever(world, ip),
        libc::SYS_clock_gettime => clock::gettime(world, a as i32, b),
        libc::SYS_gettimeofday => clock::gettimeofday(world, a),
        libc::SYS_time => clock::time(world, a),
        libc::SYS_getpid | libc::SYS_gettid => robust::virtual_tid(world.me()).into(),
        libc::SYS_getppid => 1000,
        libc::SYS_getrandom => getrandom(world, a, b),
        libc::SYS_kill | libc::SYS_tkill => own_signals::kill(world, number, a, b),
        libc::SYS_tgkill => own_signals::kill(world, number, b, c),
        libc::SYS_exit | libc::SYS_exit_group => exit(world, a as i32),
        libc::SYS_rt_sigprocmask => own_signals::sigprocmask(context, arguments),
        libc::SYS_rt_sigaction => own_signals::sigaction(arguments),
        libc::SYS_sigaltstack => own_signals::sigaltstack(b),
        libc::SYS_mmap | libc::SYS_mprotect | libc::SYS_munmap | libc::SYS_mremap => {
            remap(world, number, arguments)
        }
        number if BY_ID.contains(&number) => by_id(world, number, arguments),
        number if trap::filter::can_make_names().any(|naming| naming == number) => {
            trap::answer(number, arguments)
        }
        number if is_refused(number) => refuse(number),
        _ => deny(number),
    };
    context.set_result(result);
}

fn sleep_for(world: &World, span: Result<u64, i32>, ip: u64) -> i64 {
    sleep_until(world, span.map(|span| clock::after(world, span)), ip)
}

/// Sleeps until this process's clock reads `deadline`, or gives the error number
/// of an invalid one. A time that has come already is no reason to wait.
fn sleep_until(world: &World, deadline: Result<u64, i32>, ip: u64) -> i64 {
    let deadline = match deadline {
        Ok(deadline) => deadline,
        Err(errno) => return -i64::from(errno),
    };
    let me = world.my_control();
    let late = deadline <= clock::now(world);
    me.deadline.set(deadline);
    turn::reach(
        Pending { op: Op::Sleep, ip, argument: deadline, ..Pending::default() },
        if late { State::Ready } else { State::Sleeping },
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
        libc::SYS_poll => Ok(u64::from(c as u32) * 1_000_000),
        libc::SYS_ppoll if c == 0 => return forever(world, ip),
        libc::SYS_ppoll => clock::read_timespec(world, c),
        _ if e == 0 => return forever(world, ip),
        libc::SYS_pselect6 => clock::read_timespec(world, e),
        _ => clock::read_timeval(world, e),
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

/// Bytes that are the same in each execution.
fn getrandom(world: &World, to: u64, len: u64) -> i64 {
    let me = world.my_control();
    for i in 0..len {
        let count = me.drawn.get();
        me.drawn.set(count + 1);
        let byte = mix(u64::from(world.me()) << 32 | count) as u8;
        // SAFETY: the process passed a place for so many bytes; if it did not, it crashes
        // here and is reported.
        unsafe { ((to + i) as *mut u8).write_volatile(byte) };
    }
    len as i64
}

/// A call on the process itself, under its made-up ID or as 0.
fn by_id(world: &World, number: i64, arguments: [u64; 6]) -> i64 {
    let [id, b, c, d, ..] = arguments;
    if id as u32 != 0 && id as u32 != robust::virtual_tid(world.me()) {
        refuse(number);
    }
    // SAFETY: as the process asked; none of these calls has a fifth argument.
    unsafe { sys::call(number, [0, b, c, d, 0]) }
}

/// A change of what is mapped: as the process asked, but for shared memory.
fn remap(world: &World, number: i64, arguments: [u64; 6]) -> i64 {
    let shared = arguments[3] as i32 & libc::MAP_TYPE != libc::MAP_PRIVATE;
    if number == libc::SYS_mmap && shared || world.offset(arguments[0]).is_some() {
        refuse(number);
    }
    world.my_control().remapped.set(true);
    if number == libc::SYS_mmap {
        // SAFETY: private memory; where it replaces other memory, the process asked.
        return unsafe { sys::map(arguments) };
    }
    let [a, b, c, d, e, _] = arguments;
    // SAFETY: as the process asked; what is shared is not in the range's first page,
    // and nothing of the simulator's that is needed lies beside the process's own.
    unsafe { sys::call(number, [a, b, c, d, e]) }
}

fn exit(world: &World, status: i32) -> ! {
    world.my_control().detail.set(status as u64);
    turn::retire(State::Exited);
    sys::leave(status)
}
