//! What is written down of an execution: steps and choices.

use serde::Serialize;

use super::processes::ProcessSet;

/// What a step does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Op {
    /// Nothing was asked for yet.
    #[default]
    None,
    /// Reads bytes.
    Load,
    /// Writes bytes.
    Store,
    /// `xchg`: reads and writes in one step.
    Swap,
    /// `lock cmpxchg`: writes only if what it read was as expected.
    CompareExchange,
    /// `lock xadd` and its kin: reads, adds, writes, in one step.
    FetchAdd,
    /// Any other instruction that reads and writes in one step.
    Update,
    /// `futex` wait.
    Wait,
    /// `futex` wake.
    Wake,
    /// `futex` requeue: wakes some, and moves other waiters to a second word.
    Requeue,
    /// A sleep of a given time.
    Sleep,
    /// `sched_yield`.
    Yield,
    /// The clock moves on to the deadline of a wait.
    Timeout,
    /// SIGKILL.
    Kill,
    /// The process ends while it owns robust mutexes.
    Exit,
    /// A robust mutex is marked, since its owner has ended.
    OwnerDied,
    /// The list of robust mutexes of an owner that has ended leads nowhere, or has
    /// no end: those behind that place are not marked.
    BrokenList,
}

impl Op {
    /// Whether it can change shared bytes, or the order of those who wait on them.
    pub fn writes(self) -> bool {
        !matches!(self, Self::Load | Self::None)
    }

    /// Whether it touches shared bytes at all.
    pub fn touches(self) -> bool {
        use Op::{BrokenList, Exit, Kill, None, Sleep, Timeout, Yield};
        !matches!(self, None | Sleep | Yield | Timeout | Kill | Exit | BrokenList)
    }

    /// The word for it in timelines.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Load => "load",
            Self::Store => "store",
            Self::Swap => "swap",
            Self::CompareExchange => "compare-exchange",
            Self::FetchAdd => "fetch-add",
            Self::Update => "update",
            Self::Wait => "wait",
            Self::Wake => "wake",
            Self::Requeue => "requeue",
            Self::Sleep => "sleep",
            Self::Yield => "yield",
            Self::Timeout => "timeout",
            Self::Kill => "killed",
            Self::Exit => "exit",
            Self::OwnerDied => "owner-died",
            Self::BrokenList => "broken-list",
        }
    }
}

/// A step that a process is about to make.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Pending {
    /// What it does.
    pub op: Op,
    /// How many bytes it touches; at most 16.
    pub size: u8,
    /// Where, from the start of the shared state.
    pub offset: u32,
    /// The instruction.
    pub ip: u64,
    /// `wait`: the value expected. `wake`: how many. `sleep`: the deadline.
    pub argument: u64,
}

impl Pending {
    /// Whether the order of the two can matter: they overlap, and one writes.
    pub fn conflicts(&self, other: &Self) -> bool {
        let overlap = self.offset < other.offset + u32::from(other.size)
            && other.offset < self.offset + u32::from(self.size);
        let touch = self.op.touches() && other.op.touches();
        touch && overlap && (self.op.writes() || other.op.writes())
    }
}

/// A step that was made, and what the choice was before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Step {
    /// Who made it.
    pub process: u8,
    /// Who had made the step before; 255 at the start.
    pub last: u8,
    /// Whether it was chosen; a timeout is forced where nothing else can run.
    pub chosen: bool,
    /// `wait`: whether the process was put to sleep. `compare-exchange`: whether it wrote.
    pub took: bool,
    /// Whether somebody asked for the time after it and before the next step.
    pub looked: bool,
    /// Whether an hour was made to pass before it.
    pub late: bool,
    /// By how much the clock moved on before it, in nanoseconds.
    pub passed: u64,
    /// What it did.
    pub what: Pending,
    /// Those that could have gone.
    pub enabled: ProcessSet,
    /// Those that slept and could have been woken early.
    pub sleeping: ProcessSet,
    /// Those in a timed wait, whose time could have come.
    pub timed: ProcessSet,
    /// Those that slept or waited until a time that has come.
    pub due: ProcessSet,
    /// Those that could have gone, but spun or yielded and let others go first.
    pub yielded: ProcessSet,
    /// Those that spun, and are in a loop that only another can end.
    pub looping: ProcessSet,
    /// Those that spun, and have gone on as often as they may.
    pub cut: ProcessSet,
    /// A hash of how often each has repeated what it does in vain.
    pub spinning: u32,
    /// Those that had not ended, so that they could have been killed.
    pub alive: ProcessSet,
    /// Those that owned robust mutexes.
    pub owners: ProcessSet,
    /// `wake`, `kill`: those that were woken.
    pub woken: ProcessSet,
    /// The bytes before it.
    pub before: [u8; 16],
    /// The bytes after it.
    pub after: [u8; 16],
}

impl Step {
    /// The choice that led to it.
    pub fn choice(&self) -> Choice {
        let (process, kill) = (self.process, self.what.op == Op::Kill);
        Choice { process, kill, late: self.late }
    }

    /// What beside the state decides who could go: who spins, or soon will.
    pub fn fairness(&self) -> u64 {
        u64::from(self.yielded.bits()) << 32 | u64::from(self.spinning)
    }
}

/// One choice of a schedule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(C)]
pub struct Choice {
    /// The process.
    pub process: u8,
    /// It is killed just before its next step, instead of making it.
    pub kill: bool,
    /// An hour passes before its next step.
    pub late: bool,
}

impl Choice {
    /// `process` makes its next step.
    pub fn go(process: u8) -> Self {
        Self { process, ..Self::default() }
    }

    /// `process` makes its next step an hour later.
    pub fn late(process: u8) -> Self {
        Self { process, late: true, ..Self::default() }
    }

    /// `process` is killed.
    pub fn kill(process: u8) -> Self {
        Self { process, kill: true, ..Self::default() }
    }
}
