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
use super::{mix, sys, vectors};

/// The most private memory that is looked at, in bytes.
const MOST: usize = 64 << 20;

/// The size of a page, in bytes, and how many are looked at in one go.
const PAGE: usize = 4096;
const PAGES: usize = 256;

/// What code may have written below the stack pointer, by the ABI.
const RED_ZONE: u64 = 128;

/// The flags that instructions set or use.
const FLAGS: u64 = 0xcd5;

/// The private memory of a simulated process, as it is when it is forked.
#[derive(Debug, Default)]
pub struct PrivateMemory {
    stack: Range<u64>,
    /// Where the heap begins; the kernel knows where it ends.
    heap: Option<u64>,
    others: Vec<Range<u64>>,
    /// The stack of the signal handlers, which is not looked at.
    handlers: Range<u64>,
}

impl PrivateMemory {
    /// Reads what is mapped; `None` where that cannot be known. `handlers` is the
    /// stack of the signal handlers.
    pub fn read(handlers: Range<u64>) -> Option<Self> {
        let mut memory = Self { handlers, ..Self::default() };
        for line in std::fs::read_to_string("/proc/self/maps").ok()?.lines() {
            // As in `7f12…000-7f12…000 rw-p 00000000 00:00 0    [stack]`.
            let mut words = line.split_ascii_whitespace();
            let (range, rights) = (words.next()?, words.next()?);
            if !rights.starts_with("rw") || !rights.ends_with('p') {
                continue;
            }
            let (start, end) = range.split_once('-')?;
            let address = |text| u64::from_str_radix(text, 16).ok();
            let range = address(start)?..address(end)?;
            match words.nth(3) {
                Some("[stack]") => memory.stack = range,
                Some("[heap]") => memory.heap = Some(range.start),
                _ => memory.others.push(range),
            }
        }
        (!memory.stack.is_empty()).then_some(memory)
    }

    /// All but the stacks.
    fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
        let heap = self.heap.map(|start| start..heap_end());
        heap.into_iter()
            .chain(self.others.iter().cloned())
            .flat_map(|range| without(range, &self.handlers))
    }
}

/// `range` but for `hole`.
fn without(range: Range<u64>, hole: &Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let before = range.start..range.end.min(hole.start);
    let behind = range.start.max(hole.end)..range.end;
    let apart = hole.end <= range.start || range.end <= hole.start;
    let parts = if apart { [range, 0..0] } else { [before, behind] };
    parts.into_iter().filter(|part| !part.is_empty())
}

/// The registers, the stack, and what the simulator keeps for the process. `None`
/// where the process cannot be looked at.
pub fn of_registers_and_stack(world: &World, context: &Context) -> Option<u64> {
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
    if !vectors::visit(context, |word| hash.add(word)) {
        return None;
    }
    hash.add_bytes(top & !7..memory.stack.end);
    Some(hash.value())
}

/// All other private memory; `None` where it is too much.
pub fn of_memory(world: &World) -> Option<u64> {
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

fn heap_end() -> u64 {
    // SAFETY: an address of 0 changes nothing, and tells where the heap ends.
    unsafe { sys::call(libc::SYS_brk, [0; 5]) as u64 }
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
