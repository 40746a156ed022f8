//! The virtual clock, as the code under test reads it.
//!
//! Idea: time passes only when sleeps and timed waits end. All clocks read the
//! same: a round number at the start of an execution, and what has passed since.
//! A process sees its clock move by a microsecond more with each look, so that a
//! loop which waits for a time comes to an end.
//! The processor's own counter reads it too: `rdtsc` is made to fault.
//! Source: prctl(2), PR_SET_TSC.
//! Limits: the clocks of CPU time read the same.

use iced_x86::Register;

use super::{Context, World, log, sys};

/// What the clocks read at the start of an execution, in nanoseconds: one
/// billion seconds after 1970, the same for all clocks.
const EPOCH_NS: u64 = 1_000_000_000 * 1_000_000_000;

/// What one look at a clock costs, in nanoseconds.
const LOOK_NS: u64 = 1000;

/// The latest time to which anybody can sleep or wait, in nanoseconds: 292 years, as
/// in the kernel.
const LATEST_NS: u64 = i64::MAX as u64;

/// A number that no clock has any more.
const SGI_CYCLE: i32 = 10;

/// How long this process has been running by its own clock, in nanoseconds. That
/// it asked is noted in the log.
pub fn now(world: &World) -> u64 {
    log::amend(world.control, |step| step.looked = true);
    world.control.clock.get().saturating_add(world.my_control().looked_ns.get())
}

/// What the clocks read, for this process.
fn look(world: &World) -> u64 {
    let me = world.my_control();
    me.looked_ns.set(me.looked_ns.get() + LOOK_NS);
    me.polls_clock.set(true);
    EPOCH_NS.saturating_add(now(world))
}

/// From here on, looks at the processor's counter raise SIGSEGV, in this process
/// and all that it will fork.
pub fn trap_counter() {
    let arguments = [libc::PR_SET_TSC as u64, libc::PR_TSC_SIGSEGV as u64, 0, 0, 0];
    // SAFETY: no memory is touched.
    unsafe { sys::call(libc::SYS_prctl, arguments) };
}

/// Carries out `rdtsc` or `rdtscp`, if that is where `context` stopped: the counter
/// counts nanoseconds.
pub fn read_counter(world: &World, context: &mut Context) -> bool {
    let ip = context.ip();
    if !sys::readable(ip) {
        return false;
    }
    // SAFETY: eight bytes there can be read.
    let code = unsafe { (ip as *const [u8; 3]).read_unaligned() };
    let length = match code {
        [0x0f, 0x31, _] => 2,
        [0x0f, 0x01, 0xf9] => {
            context.set(Register::RCX, 0);
            3
        }
        _ => return false,
    };
    let now = look(world);
    context.set(Register::RAX, now & 0xffff_ffff);
    context.set(Register::RDX, now >> 32);
    context.set_ip(ip + length);
    true
}

/// When a sleep or wait ends that is to last for `span` nanoseconds from now.
pub fn after(world: &World, span: u64) -> u64 {
    now(world).saturating_add(span).min(LATEST_NS)
}

/// A time that a clock shows, as one of the virtual clock.
pub fn to_virtual(shown: u64) -> u64 {
    shown.saturating_sub(EPOCH_NS).min(LATEST_NS)
}

/// `clock_gettime`: all clocks that there are read the same.
pub fn gettime(world: &World, clock: i32, to: u64) -> i64 {
    // Negative numbers are the clocks of processes and devices; one was taken back.
    if clock > libc::CLOCK_TAI || clock == SGI_CYCLE {
        return -i64::from(libc::EINVAL);
    }
    let now = look(world);
    let time = libc::timespec {
        tv_sec: (now / 1_000_000_000) as i64,
        tv_nsec: (now % 1_000_000_000) as i64,
    };
    // SAFETY: the process passed a place for a timespec; if it did not, it
    // crashes here and is reported.
    unsafe { (to as *mut libc::timespec).write_unaligned(time) };
    0
}

/// `time`, which also returns what it writes.
pub fn time(world: &World, to: u64) -> i64 {
    let seconds = (look(world) / 1_000_000_000) as i64;
    if to != 0 {
        // SAFETY: as in `gettime`.
        unsafe { (to as *mut i64).write_unaligned(seconds) };
    }
    seconds
}

/// `gettimeofday`, without the time zone, which nobody uses.
pub fn gettimeofday(world: &World, to: u64) -> i64 {
    let now = look(world);
    let time = libc::timeval {
        tv_sec: (now / 1_000_000_000) as i64,
        tv_usec: (now % 1_000_000_000 / 1000) as i64,
    };
    if to != 0 {
        // SAFETY: as in `gettime`.
        unsafe { (to as *mut libc::timeval).write_unaligned(time) };
    }
    0
}

/// The span or time at `address`, in nanoseconds, or an error number.
pub fn read_timespec(world: &World, address: u64) -> Result<u64, i32> {
    if !readable(world, address) {
        return Err(libc::EFAULT);
    }
    // SAFETY: 16 bytes there can be read; in the shared state, as a step.
    let time = unsafe { (address as *const libc::timespec).read_unaligned() };
    nanoseconds(time.tv_sec, time.tv_nsec, 1)
}

/// As [`read_timespec`], for the older type with microseconds.
pub fn read_timeval(world: &World, address: u64) -> Result<u64, i32> {
    if !readable(world, address) {
        return Err(libc::EFAULT);
    }
    // SAFETY: as in `read_timespec`.
    let time = unsafe { (address as *const libc::timeval).read_unaligned() };
    nanoseconds(time.tv_sec, time.tv_usec, 1000)
}

fn readable(world: &World, address: u64) -> bool {
    world.holds(address, 16) || sys::readable(address) && sys::readable(address.wrapping_add(8))
}

/// Seconds and a fraction, counted in units of `unit` nanoseconds.
fn nanoseconds(seconds: i64, fraction: i64, unit: u64) -> Result<u64, i32> {
    let fraction = u64::try_from(fraction).map_err(|_| libc::EINVAL)?;
    let seconds = u64::try_from(seconds).map_err(|_| libc::EINVAL)?;
    let fraction = fraction.checked_mul(unit).filter(|ns| *ns < 1_000_000_000);
    let fraction = fraction.ok_or(libc::EINVAL)?;
    Ok(seconds.saturating_mul(1_000_000_000).saturating_add(fraction))
}
