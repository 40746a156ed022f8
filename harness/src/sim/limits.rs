//! How much of what there can be.

/// The most processes in one execution, the recovery included.
pub const MAX_PROCESSES: usize = 32;

/// The most steps that one execution can make before it is given up.
pub const MAX_STEPS: usize = 1 << 16;

/// The most change points of one execution under PCT.
pub const MAX_CHANGE_POINTS: usize = 16;

/// How often a process that spins may go on, unless a search says otherwise: each
/// time it repeats its accesses twice as long, 4,000 times in all.
pub const SPIN_TURNS: u8 = 8;

/// The most frames of a step's call stack that are kept.
pub const MAX_FRAMES: usize = 24;

/// Nobody: an index that is no process.
pub const NOBODY: u8 = u8::MAX;
