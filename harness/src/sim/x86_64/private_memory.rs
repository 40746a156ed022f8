//! The private memory of a simulated process, as it is when it is forked.
//!
//! Source: proc_pid_maps(5).

use std::ops::Range;

use super::sys;

/// The private memory of a simulated process, as it is when it is forked.
#[derive(Debug, Default)]
pub struct PrivateMemory {
    /// The stack of the code under test.
    pub stack: Range<u64>,
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
    pub fn ranges(&self) -> impl Iterator<Item = Range<u64>> {
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

fn heap_end() -> u64 {
    // SAFETY: an address of 0 changes nothing, and tells where the heap ends.
    unsafe { sys::call(libc::SYS_brk, [0; 5]) as u64 }
}
