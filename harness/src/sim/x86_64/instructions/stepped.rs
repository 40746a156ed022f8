//! Instructions that the processor carries out itself, on a private copy.
//!
//! Idea: the operand is copied to private memory, and the trap flag stops the
//! process after one instruction; then what was written is copied back. Loads
//! and stores around it are steps. Where the instruction's base register can be
//! changed, it is pointed at a scratch area; where not, the operand lies at its
//! own address, on a page that is private to the process and opened for this one
//! instruction (`zygote.rs` puts such pages where the code under test looks).
//! Limits: an operand of 64 bytes at most.

use std::cell::Cell;

use iced_x86::{Mnemonic, Register};

use super::plan::{Kind, Plan};
use super::{Context, Op, Pending, State, World, crash, step, sys, turn};

/// The widest operand, in bytes.
const WIDEST: usize = 64;

/// The zero flag: whether a compare-exchange wrote.
const ZERO: u64 = 1 << 6;

/// Private memory for one operand, with room so that it can keep its alignment.
#[repr(C, align(64))]
struct Scratch([Cell<u8>; 2 * WIDEST]);

/// What is to be done once the instruction has run.
#[derive(Clone, Copy)]
struct Stepping {
    plan: Plan,
    /// Where the code under test sees the operand.
    address: u64,
    /// Bit `i`: byte `i` of the operand is touched.
    touched: u64,
    /// Where the copy is.
    copy: u64,
    /// The base register's own value.
    base: u64,
    before: [u8; WIDEST],
}

struct Area {
    scratch: Scratch,
    stepping: Cell<Option<Stepping>>,
}

// SAFETY: used by the one thread of a simulated process only.
unsafe impl Sync for Area {}

static AREA: Area =
    Area { scratch: Scratch([const { Cell::new(0) }; 2 * WIDEST]), stepping: Cell::new(None) };

/// Prepares the single step; the handler returns, and [`finish`] follows.
pub fn begin(world: &World, context: &mut Context, plan: &Plan, address: u64) {
    let Kind::Stepped { reads, base, .. } = plan.kind else { crash::refuse(&plan.instruction) };
    let touched = touched(world, context, plan, address);
    if runs(touched).any(|(at, len)| !world.holds(address + at as u64, len)) {
        crash::crash(world, libc::SIGSEGV, context);
    }
    let mut stepping =
        Stepping { plan: *plan, address, touched, copy: address, base: 0, before: [0; WIDEST] };
    for (at, len) in runs(touched) {
        let (offset, ip) = (stepping.offset(world, at), context.ip());
        let bytes = &mut stepping.before[at..at + len];
        if plan.locked {
            // A locked operand is one run of at most 16 bytes.
            let what = Pending { op: op(plan), size: len as u8, offset, ip, argument: 0 };
            turn::reach(what, State::Ready);
        }
        if reads && !plan.locked {
            step::load(world, offset, bytes, ip);
        } else {
            world.read(offset, bytes);
        }
    }
    if base == Register::None {
        open(world, true);
    } else {
        let lead = address % WIDEST as u64;
        stepping.copy = AREA.scratch.0.as_ptr() as u64 + lead;
        stepping.base = context.get(base);
        let moved = stepping.copy.wrapping_sub(address);
        context.set(base, stepping.base.wrapping_add(moved));
    }
    for i in runs(touched).flat_map(|(at, len)| at..at + len) {
        // SAFETY: the scratch area has room for the widest operand at any
        // alignment; the opened pages hold each byte that is touched.
        unsafe { ((stepping.copy + i as u64) as *mut u8).write_volatile(stepping.before[i]) };
    }
    AREA.stepping.set(Some(stepping));
    context.trap(true);
}

impl Stepping {
    /// Byte `at` of the operand, from the start of the shared state.
    fn offset(&self, world: &World, at: usize) -> u32 {
        // The filter refuses a state of 4 GiB and more.
        (self.address as usize - world.state + at) as u32
    }
}

/// What a locked instruction is called.
fn op(plan: &Plan) -> Op {
    match plan.instruction.mnemonic() {
        Mnemonic::Cmpxchg8b | Mnemonic::Cmpxchg16b => Op::CompareExchange,
        _ => Op::Update,
    }
}

/// After the instruction: puts the register back and makes the stores. Returns
/// whether there was a single step to finish.
pub fn finish(world: &World, context: &mut Context) -> bool {
    let Some(stepping) = AREA.stepping.take() else { return false };
    context.trap(false);
    let Stepping { plan, before, .. } = stepping;
    let Kind::Stepped { writes, base, .. } = plan.kind else { return false };
    let mut after = [0; WIDEST];
    for i in runs(stepping.touched).flat_map(|(at, len)| at..at + len) {
        // SAFETY: as in `begin`.
        after[i] = unsafe { ((stepping.copy + i as u64) as *const u8).read_volatile() };
    }
    if base == Register::None {
        open(world, false);
    } else {
        context.set(base, stepping.base);
    }
    for (at, len) in runs(stepping.touched).filter(|_| writes) {
        let offset = stepping.offset(world, at);
        let (before, after) = (&before[at..at + len], &after[at..at + len]);
        if plan.locked {
            let wrote = op(&plan) != Op::CompareExchange || context.flags() & ZERO != 0;
            world.write(offset, after);
            step::finish(world, before, after, wrote);
        } else {
            step::store(world, offset, after, plan.instruction.ip());
        }
    }
    true
}

/// The bytes that the instruction touches. A masked store leaves the others
/// alone, so that they may be another process's, or lie beyond the end. A masked
/// load may use any of them, and is given all that there are.
fn touched(world: &World, context: &Context, plan: &Plan, address: u64) -> u64 {
    let all = u64::MAX >> (WIDEST - plan.size);
    let size = plan.instruction.memory_size();
    let (element, mask) = (size.element_size(), plan.instruction.op_mask());
    let writes = matches!(plan.kind, Kind::Stepped { writes: true, .. });
    let one = plan.size <= element || size.is_broadcast();
    if mask == Register::None || one || !writes && world.holds(address, plan.size) {
        return all;
    }
    let mask = context.opmask(mask);
    let elements = (0..plan.size / element).filter(|i| mask >> i & 1 == 1);
    elements.fold(0, |bytes, i| bytes | u64::MAX >> (WIDEST - element) << (i * element))
}

/// The runs of bits that are set in `mask`: where each begins, and its length.
fn runs(mask: u64) -> impl Iterator<Item = (usize, usize)> {
    let mut rest = mask;
    std::iter::from_fn(move || {
        if rest == 0 {
            return None;
        }
        let at = rest.trailing_zeros();
        let len = (rest >> at).trailing_ones();
        rest &= u64::MAX.checked_shl(at + len).unwrap_or(0);
        Some((at as usize, len as usize))
    })
}

/// Lets this process touch its private pages in place of the shared state, or no
/// longer.
fn open(world: &World, open: bool) {
    let protection = if open { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_NONE };
    let arguments = [world.state as u64, world.len as u64, protection as u64, 0, 0];
    // SAFETY: the range is where the code under test sees the shared state, and
    // nothing else; what is there is private to this process.
    unsafe { sys::call(libc::SYS_mprotect, arguments) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_those_of_set_bits() {
        let all = |mask| runs(mask).collect::<Vec<_>>();
        assert_eq!(all(0), []);
        assert_eq!(all(u64::MAX), [(0, 64)]);
        assert_eq!(all(0b1100_0110), [(1, 2), (6, 2)]);
        assert_eq!(all(1 << 63), [(63, 1)]);
    }
}
