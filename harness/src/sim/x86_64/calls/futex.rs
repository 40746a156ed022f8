//! Futexes, emulated: who waits on which word, and who is woken.
//!
//! Idea: the kernel cannot look at a protected page, and would not tell who
//! waits. A futex in the shared state is known by its offset, so that it is the
//! same for every process. One in private memory is known by process and address,
//! and so is one that the call itself says is private: a process that waits so on
//! shared memory is woken by no other, as under the kernel. Waiters are woken in
//! the order in which they came.
//! Source: futex(2); what it leaves open, from Linux (kernel/futex/waitwake.c).
//! Limits: priority inheritance, robust waits by the kernel and `futex_waitv`
//! are refused.

use super::{Op, Pending, ProcessSet, State, World, clock, queue, step, sys, turn, world};

/// The bits of the operation that choose clock and scope.
const FLAGS: i32 = libc::FUTEX_PRIVATE_FLAG | libc::FUTEX_CLOCK_REALTIME;

/// Priority inheritance with a choice of clocks; libc's bindings lack it.
const FUTEX_LOCK_PI2: i32 = 13;

/// The arguments of a `futex` call.
#[derive(Clone, Copy)]
pub struct Call {
    /// The word's address.
    pub word: u64,
    /// The operation with its flags.
    pub op: i32,
    /// The expected value, or how many to wake.
    pub value: u32,
    /// The timeout's address, or how many to requeue.
    pub timeout: u64,
    /// The second word's address.
    pub word2: u64,
    /// The bitset, the expected value, or an encoded operation.
    pub value3: u32,
    /// The instruction.
    pub ip: u64,
}

/// Carries out a `futex` call; returns what the kernel would.
pub fn call(call: &Call) -> i64 {
    if !call.word.is_multiple_of(4) {
        return -i64::from(libc::EINVAL);
    }
    match call.op & !FLAGS {
        libc::FUTEX_WAIT => wait(call, u32::MAX, false),
        libc::FUTEX_WAIT_BITSET => wait(call, call.value3, true),
        libc::FUTEX_WAKE => wake(call, call.value, u32::MAX),
        libc::FUTEX_WAKE_BITSET => wake(call, call.value, call.value3),
        libc::FUTEX_REQUEUE => requeue(call, None),
        libc::FUTEX_CMP_REQUEUE => requeue(call, Some(call.value3)),
        other => turn::refuse(&format!(
            "futex operation {other} ({}) is not emulated by the simulator",
            name(other)
        )),
    }
}

fn name(op: i32) -> &'static str {
    match op {
        libc::FUTEX_WAKE_OP => "FUTEX_WAKE_OP",
        libc::FUTEX_FD => "FUTEX_FD",
        libc::FUTEX_LOCK_PI => "FUTEX_LOCK_PI",
        FUTEX_LOCK_PI2 => "FUTEX_LOCK_PI2",
        libc::FUTEX_UNLOCK_PI => "FUTEX_UNLOCK_PI",
        libc::FUTEX_TRYLOCK_PI => "FUTEX_TRYLOCK_PI",
        libc::FUTEX_WAIT_REQUEUE_PI => "FUTEX_WAIT_REQUEUE_PI",
        libc::FUTEX_CMP_REQUEUE_PI => "FUTEX_CMP_REQUEUE_PI",
        _ => "unknown",
    }
}

/// What identifies a futex: its offset in the shared state, or, where it is
/// private, its address and the process, with the top bit set.
fn key(world: &World, call: &Call, address: u64) -> u64 {
    let shared = world.offset(address).filter(|_| call.op & libc::FUTEX_PRIVATE_FLAG == 0);
    let private = 1 << 63 | u64::from(world.me()) << 56 | address & 0x00ff_ffff_ffff_ffff;
    shared.map_or(private, u64::from)
}

/// The pending step of a call on `address`; one on private memory touches nothing.
fn pending(world: &World, op: Op, address: u64, call: &Call) -> Pending {
    let (offset, size) = world.offset(address).map_or((0, 0), |offset| (offset, 4));
    Pending { op, size, offset, ip: call.ip, argument: call.value.into() }
}

/// The word at `address`; `None` where nothing is mapped.
fn load(world: &World, address: u64) -> Option<u32> {
    if let Some(offset) = world.offset(address) {
        return Some(world.word(offset));
    }
    let word = address & !7;
    // SAFETY: the aligned eight bytes around the word can be read.
    sys::readable(word).then(|| unsafe { (address as *const u32).read_volatile() })
}

fn wait(call: &Call, bitset: u32, absolute: bool) -> i64 {
    let world = world();
    if bitset == 0 {
        return -i64::from(libc::EINVAL);
    }
    let deadline = match deadline(world, call.timeout, absolute) {
        Ok(deadline) => deadline,
        Err(errno) => return -i64::from(errno),
    };
    if load(world, call.word).is_none() {
        return -i64::from(libc::EFAULT);
    }
    let me = world.my_control();
    turn::reach(pending(world, Op::Wait, call.word, call), State::Ready);
    let found = load(world, call.word).unwrap_or(0);
    let late = deadline <= clock::now(world);
    let sleeps = found == call.value && !late;
    step::finish_word(world, found, found, sleeps, ProcessSet::EMPTY);
    if !sleeps {
        return -i64::from(if found == call.value { libc::ETIMEDOUT } else { libc::EAGAIN });
    }
    me.key.set(key(world, call, call.word));
    me.bitset.set(bitset);
    me.deadline.set(deadline);
    me.wake_result.set(0);
    queue::take_ticket(world.control, me);
    turn::block()
}

/// The deadline on the virtual clock; `u64::MAX` where there is none.
fn deadline(world: &World, timeout: u64, absolute: bool) -> Result<u64, i32> {
    if timeout == 0 {
        return Ok(u64::MAX);
    }
    let span = clock::read_timespec(world, timeout)?;
    // Both clocks that a wait can name read the virtual clock plus a constant
    // (`clock.rs`), so an absolute time is one of the virtual clock's.
    Ok(if absolute { clock::to_virtual(span) } else { clock::after(world, span) })
}

fn wake(call: &Call, count: u32, bitset: u32) -> i64 {
    let world = world();
    if bitset == 0 {
        return -i64::from(libc::EINVAL);
    }
    if world.offset(call.word).is_none() {
        // Private memory, and one thread: nobody can wait there.
        return 0;
    }
    turn::reach(pending(world, Op::Wake, call.word, call), State::Ready);
    // The kernel counts before it compares, as a signed number.
    let count = (count as i32).max(1) as u32;
    let woken = queue::release(world.control, key(world, call, call.word), count, bitset);
    let value = load(world, call.word).unwrap_or(0);
    step::finish_word(world, value, value, false, woken);
    turn::advance(woken);
    woken.len().into()
}

fn requeue(call: &Call, expected: Option<u32>) -> i64 {
    let world = world();
    let (wake, most) = (call.value as i32, call.timeout as i32);
    if wake < 0 || most < 0 || !call.word2.is_multiple_of(4) {
        return -i64::from(libc::EINVAL);
    }
    if load(world, call.word).is_none() || load(world, call.word2).is_none() {
        return -i64::from(libc::EFAULT);
    }
    turn::reach(pending(world, Op::Requeue, call.word, call), State::Ready);
    let found = load(world, call.word).unwrap_or(0);
    if expected.is_some_and(|expected| expected != found) {
        step::finish_word(world, found, found, false, ProcessSet::EMPTY);
        return -i64::from(libc::EAGAIN);
    }
    let (from, to) = (key(world, call, call.word), key(world, call, call.word2));
    let woken = queue::release(world.control, from, wake as u32, u32::MAX);
    let moved = queue::requeue(world.control, from, to, most);
    step::finish_word(world, found, found, true, woken);
    turn::advance(woken);
    i64::from(woken.len()) + i64::from(moved)
}
