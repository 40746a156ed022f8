//! Whether a process is where it was before: a hash of all that decides what it
//! does next.
//!
//! Idea: a process that stands at the same access with the same registers, stack
//! and other private memory, while no shared byte has changed, will do the same
//! again, until another process changes something. Registers and stack are
//! compared first; the rest, which costs a tenth of a millisecond and more, only
//! where they are equal.
//! Limits: what the kernel keeps for a process, such as the position in a file, is
//! not looked at. A process that has mapped memory, or has code on a stack of its
//! own, has no fingerprint, and neither has one with more than [`MOST`] bytes.
//! Source: mincore(2), which tells which pages were ever touched.

use std::ops::Range;

use iced_x86::Register;

use super::context::Context;
use super::world::World;
use super::{registers, sys};
use crate::random::mix;
use crate::sim::turns::spin::Private;

/// The most private memory that is looked at, in bytes.
const MOST: usize = 64 << 20;

/// The size of a page, in bytes, and how many are looked at in one go.
const PAGE: usize = 4096;
const PAGES: usize = 256;

/// What code may have written below the stack pointer, by the ABI.
const RED_ZONE: u64 = 128;

/// The flags that instructions set or use.
const FLAGS: u64 = 0xcd5;

impl Private for World {
    fn registers_and_stack(&self) -> Option<u64> {
        of_registers_and_stack(self, &self.context()?)
    }

    fn memory(&self) -> Option<u64> {
        of_memory(self)
    }
}

/// The registers, the stack, and what the simulator keeps for the process. `None`
/// where the process cannot be looked at.
fn of_registers_and_stack(world: &World, context: &Context) -> Option<u64> {
    let memory = world.private_memory()?;
    let me = world.my_control();
    let top = context.get(Register::RSP).checked_sub(RED_ZONE)?;
    if !memory.stack.contains(&top) || me.remapped.get() {
        return None;
    }
    let mut hash = Hash::default();
    for register in context.general() {
        hash.add(register);
    }
    for word in [
        context.flags() & FLAGS,
        context.blocked_signals(),
        me.looked_ns.get(),
        me.drawn.get(),
        world.control.clock.get(),
    ] {
        hash.add(word);
    }
    if !registers::visit(context, |word| hash.add(word)) {
        return None;
    }
    hash.add_bytes(top & !7..memory.stack.end);
    Some(hash.value())
}

/// All other private memory; `None` where it is too much.
fn of_memory(world: &World) -> Option<u64> {
    let memory = world.private_memory()?;
    let mut hash = Hash::default();
    let mut left = MOST;
    for range in memory.ranges() {
        for page in range.clone().step_by(PAGES * PAGE) {
            hash.add_pages(page..range.end.min(page + (PAGES * PAGE) as u64), &mut left)?;
        }
    }
    Some(hash.value())
}

/// Four multiplicative hashes side by side, so that the processor need not wait
/// for each product.
struct Hash([u64; 4]);

impl Default for Hash {
    fn default() -> Self {
        Self([1, 2, 3, 4].map(mix))
    }
}

impl Hash {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

    fn add(&mut self, word: u64) {
        self.0[0] = (self.0[0] ^ word).wrapping_mul(Self::FACTOR).rotate_left(29);
    }

    /// At most [`PAGES`] pages, but for those that were never touched; `None` where
    /// more than `left` bytes were.
    fn add_pages(&mut self, range: Range<u64>, left: &mut usize) -> Option<()> {
        let mut resident = [0u8; PAGES];
        let len = range.end - range.start;
        let arguments = [range.start, len, resident.as_mut_ptr() as u64, 0, 0];
        // SAFETY: the result has a byte for each page of the range.
        if unsafe { sys::call(libc::SYS_mincore, arguments) } < 0 {
            return None;
        }
        for (page, resident) in range.clone().step_by(PAGE).zip(resident) {
            if resident & 1 == 1 {
                *left = left.checked_sub(PAGE)?;
                self.add_bytes(page..range.end.min(page + PAGE as u64));
            }
        }
        Some(())
    }

    /// The words at a range of addresses, whose ends are multiples of eight.
    fn add_bytes(&mut self, range: Range<u64>) {
        self.add(range.start);
        let mut word = range.start as *const u64;
        let end = range.end as *const u64;
        let [mut a, mut b, mut c, mut d] = self.0;
        let step = |lane: u64, at: *const u64| {
            // SAFETY: the word is mapped, readable and private: it was when the process
            // was forked, and has not been mapped anew since (`remapped`); the heap and
            // the used part of the stack are by the kernel's own word. The one thread
            // of the process is here.
            (lane ^ unsafe { *at }).wrapping_mul(Self::FACTOR).rotate_left(29)
        };
        while word.wrapping_add(4) <= end {
            a = step(a, word);
            b = step(b, word.wrapping_add(1));
            c = step(c, word.wrapping_add(2));
            d = step(d, word.wrapping_add(3));
            word = word.wrapping_add(4);
        }
        while word < end {
            a = step(a, word);
            word = word.wrapping_add(1);
        }
        self.0 = [a, b, c, d];
    }

    fn value(&self) -> u64 {
        self.0.iter().fold(0, |hash, lane| mix(hash ^ lane))
    }
}
