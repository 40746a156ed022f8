//! What a policy sees when it chooses.

use std::cell::Cell;

use crate::sim::limits::MAX_PROCESSES;
use crate::sim::processes::ProcessSet;

/// Who can go, and where each process stands.
pub struct View<P> {
    /// Those that can go now.
    pub enabled: ProcessSet,
    /// These, and those that sleep: a sleep may end at any time, so that its end is as
    /// good as a step that is ready.
    pub possible: ProcessSet,
    /// Those that spin, or have yielded.
    pub yielded: ProcessSet,
    /// Those that stand at a step, and do not sleep.
    pub ready: ProcessSet,
    /// Those that stand at a step, or sleep.
    pub standing: ProcessSet,
    /// Those that have not ended.
    pub alive: ProcessSet,
    /// Who made the last step.
    pub last: u8,
    /// How many choices were made.
    pub choices: u32,
    /// The step at which a process stands.
    pub pending: P,
}

/// The member with the highest priority; of equal ones the last.
pub fn highest(priorities: &[Cell<u64>; MAX_PROCESSES], among: ProcessSet) -> Option<u8> {
    among.iter().max_by_key(|process| priorities[usize::from(*process)].get())
}
