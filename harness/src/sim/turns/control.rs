//! The control page: what the parent and the processes of an execution share
//! beside the state under test.
//!
//! Idea: exactly one process runs at a time, and the turn is handed over through
//! futexes (`x86_64/turn.rs`), so everything here is read and written by the one that
//! has the turn and needs no other synchronisation. Cells say that: no atomics
//! but for the futex words.
//! Limits: [`MAX_PROCESSES`] processes, [`MAX_STEPS`] steps an execution.

use std::cell::Cell;
use std::sync::atomic::AtomicU32;

use crate::Random;
use crate::sim::limits::{MAX_FRAMES, MAX_PROCESSES, MAX_STEPS, NOBODY};
use crate::sim::policy;
use crate::sim::processes::ProcessSet;
use crate::sim::record::{Choice, Pending, Step};

/// The most bytes of text that a process can hand back.
pub const TEXT: usize = 255;

/// How many different accesses a loop can have that is found to spin.
pub const RECENT: usize = 128;

/// Where a process stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// It takes no part in this execution.
    #[default]
    Absent,
    /// It runs code of its own, up to its next step.
    Running,
    /// It waits for its turn to make the step that is pending.
    Ready,
    /// As `Ready`, and the step is the end of a sleep.
    Sleeping,
    /// It waits on a futex.
    Blocked,
    /// Its body returned.
    Returned,
    /// Its body panicked.
    Panicked,
    /// It was killed at a step.
    Killed,
    /// A signal is about to end it, or has.
    Crashed,
    /// It called `exit`.
    Exited,
}

impl State {
    /// Whether it will never make a step again.
    pub fn ended(self) -> bool {
        matches!(
            self,
            Self::Absent
                | Self::Returned
                | Self::Panicked
                | Self::Killed
                | Self::Crashed
                | Self::Exited
        )
    }
}

/// Text of bounded length; what is longer is cut at a character.
#[repr(C)]
pub struct Text {
    len: Cell<u16>,
    bytes: Cell<[u8; TEXT]>,
}

impl Text {
    /// Replaces the text.
    pub fn set(&self, text: &str) {
        let end = text.floor_char_boundary(TEXT);
        let mut bytes = [0; TEXT];
        bytes[..end].copy_from_slice(&text.as_bytes()[..end]);
        self.bytes.set(bytes);
        // At most TEXT, which fits.
        self.len.set(end as u16);
    }

    /// Whether nothing was said.
    pub fn is_empty(&self) -> bool {
        self.len.get() == 0
    }

    /// The text.
    pub fn get(&self) -> String {
        let bytes = self.bytes.get();
        let len = usize::from(self.len.get()).min(TEXT);
        String::from_utf8_lossy(&bytes[..len]).into_owned()
    }
}

/// An access at which a process has been before, and how it was (`spin.rs`).
#[derive(Clone, Copy, Debug, Default)]
pub struct Anchor {
    /// The access, as a hash.
    pub access: u64,
    /// The registers and the stack, as a hash.
    pub registers: Option<u64>,
    /// All other private memory, as a hash.
    pub memory: Option<u64>,
    /// How often the process has been there again.
    pub visits: u32,
    /// How often it was not as it had been.
    pub misses: u32,
}

/// One process of an execution.
#[repr(C)]
pub struct ProcessControl {
    /// Futex word: 1 when the turn has come.
    pub go: AtomicU32,
    /// Its real process ID.
    pub pid: Cell<i32>,
    /// Where it stands.
    pub state: Cell<State>,
    /// The step that it is about to make, or waits in.
    pub pending: Cell<Pending>,
    /// Once it has reached its next step, the turn goes to this process with no
    /// decision; `None` where there is a decision.
    pub hand_on: Cell<Option<u8>>,
    /// `Blocked`: what identifies the futex.
    pub key: Cell<u64>,
    /// `Blocked`: the order in which waiters came.
    pub ticket: Cell<u32>,
    /// `Blocked`: the bits of a bitset wait.
    pub bitset: Cell<u32>,
    /// `Blocked`: the deadline on the virtual clock; `u64::MAX` for none.
    pub deadline: Cell<u64>,
    /// `Blocked`: what the wait returned once it ended.
    pub wake_result: Cell<i64>,
    /// Whether it owns robust mutexes.
    pub owner: Cell<bool>,
    /// The robust list that it registered itself; 0 for glibc's.
    pub robust_list: Cell<u64>,
    /// Lets others go first until one has made a step.
    pub yielded: Cell<bool>,
    /// The count of changes when it was found to spin, until it goes on.
    pub spins_since: Cell<Option<u64>>,
    /// How often it has repeated an access that showed it nothing new.
    pub repeats: Cell<u32>,
    /// Its last accesses that were new, as hashes: (instruction, place, bytes).
    pub recent: [Cell<u64>; RECENT],
    /// How many there were since the last change.
    pub recent_len: Cell<u32>,
    /// How often it has gone on although it spun, since the last change.
    pub turns: Cell<u8>,
    /// Whether it has looked at a clock since the last change.
    pub polls_clock: Cell<bool>,
    /// An access at which it may be again, as it was.
    pub anchor: Cell<Anchor>,
    /// Whether it was: only another's change can end its loop.
    pub loops: Cell<bool>,
    /// Whether it was in one, and is looked at again.
    pub looped: Cell<bool>,
    /// After how many steps it was found to be in a loop.
    pub loops_at: Cell<u32>,
    /// Whether it has mapped memory, or unmapped it.
    pub remapped: Cell<bool>,
    /// The count of changes when `recent` was begun.
    pub recent_changes: Cell<u64>,
    /// How far its looks at a clock have moved the clock for it, in nanoseconds.
    pub looked_ns: Cell<u64>,
    /// How many random bytes it has drawn.
    pub drawn: Cell<u64>,
    /// What it returned, its panic message, or how it crashed.
    pub text: Text,
    /// The instruction at which it crashed; the status with which it exited.
    pub detail: Cell<u64>,
    /// The call stack where it crashed, innermost frame first.
    pub crash_frames: Cell<[u64; MAX_FRAMES]>,
}

/// How an execution ended, as seen from inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Ending {
    /// It goes on.
    #[default]
    Running,
    /// Nobody can go on, and somebody waits.
    Deadlock,
    /// The bound on steps was reached.
    OutOfSteps,
    /// All that are left wait, or repeat their steps and change nothing.
    Loop,
    /// A process asked for what is not emulated.
    Refused,
    /// A process computed for too long without a step.
    Hung,
    /// A process slept in the kernel for too long without a step.
    Asleep,
    /// A process was not given the processor.
    Starved,
}

/// The control page.
#[repr(C)]
pub struct Control {
    /// Futex word: counts what the parent asks of the zygote.
    pub asked: AtomicU32,
    /// Futex word: counts what the zygote has answered.
    pub answered: AtomicU32,

    /// How many processes take part.
    pub count: Cell<u8>,
    /// Whether a recovery stands ready, as the process after the last.
    pub recovers: Cell<bool>,
    /// How the next process is chosen after the prefix.
    pub policy: policy::Memory,
    /// All that is left to chance.
    pub random: Random,
    /// Random kills: the chance at each step, of 2^32.
    pub kill_chance: Cell<u32>,
    /// Random timeouts: the chance, while somebody is in a timed wait, that its
    /// time has come, of 2^32.
    pub timeout_chance: Cell<u32>,
    /// Kills that may still happen.
    pub kills_left: Cell<u32>,
    /// Those that poll on where a policy chooses.
    pub patient: Cell<ProcessSet>,
    /// How often a process may go on although it spins, until the next change.
    pub spin_turns: Cell<u8>,
    /// Steps after which the execution is given up.
    pub step_limit: Cell<u32>,
    /// After how long without a step a process is given up, in milliseconds of its
    /// own processor time, or asleep.
    pub hang_ms: Cell<u64>,
    /// Whether call stacks are kept.
    pub traced: Cell<bool>,
    /// How many choices of `prefix` count.
    pub prefix_len: Cell<u32>,

    /// How it ended.
    pub ending: Cell<Ending>,
    /// Who was refused, or hung.
    pub culprit: Cell<u8>,
    /// The sentence of a refusal.
    pub refusal: Text,
    /// The first choice of the prefix that was not possible.
    pub diverged: Cell<Option<u32>>,
    /// Who has the turn.
    pub turn: Cell<Option<u8>>,
    /// `Starved`: real time, and processor time, in milliseconds.
    pub waited_ms: Cell<(u64, u64)>,
    /// Who made the last step.
    pub last: Cell<u8>,
    /// Who is to be killed, once it has the turn.
    pub to_kill: Cell<Option<u8>>,
    /// The virtual clock, in nanoseconds since the start of the execution.
    pub clock: Cell<u64>,
    /// The next ticket for a waiter.
    pub tickets: Cell<u32>,
    /// Counts changes of shared bytes.
    pub changes: Cell<u64>,
    /// How many choices were made.
    pub choices: Cell<u32>,
    /// How many steps were made, timeouts and kills included.
    pub steps: Cell<u32>,
    /// How many of them, up to the last one of a process that was in no loop.
    pub progress: Cell<u32>,

    /// The processes.
    pub processes: [ProcessControl; MAX_PROCESSES],
    /// The choices to follow first.
    pub prefix: [Cell<Choice>; MAX_STEPS],
    /// What was done.
    pub log: [Cell<Step>; MAX_STEPS],
    /// The call stacks of the steps, where they are traced.
    pub frames: [Cell<[u64; MAX_FRAMES]>; MAX_STEPS],
}

impl Control {
    /// The processes that take part.
    pub fn processes(&self) -> &[ProcessControl] {
        &self.processes[..usize::from(self.count.get()) + usize::from(self.recovers.get())]
    }

    /// The processes that pass a test.
    pub fn those(&self, test: impl Fn(&ProcessControl) -> bool) -> ProcessSet {
        // At most MAX_PROCESSES, which fits.
        (0..).zip(self.processes()).filter(|(_, process)| test(process)).map(|(i, _)| i).collect()
    }

    /// Process `index`.
    pub fn process(&self, index: u8) -> &ProcessControl {
        &self.processes[usize::from(index)]
    }

    /// Makes everything ready for another execution of the same scenario.
    pub fn reset(&self) {
        self.ending.set(Ending::Running);
        self.culprit.set(NOBODY);
        self.refusal.set("");
        self.diverged.set(None);
        self.last.set(NOBODY);
        self.turn.set(None);
        self.to_kill.set(None);
        self.clock.set(0);
        self.tickets.set(0);
        self.changes.set(0);
        self.choices.set(0);
        self.steps.set(0);
        self.progress.set(0);
        for process in self.processes() {
            process.reset();
        }
    }
}

impl ProcessControl {
    fn reset(&self) {
        self.go.store(0, std::sync::atomic::Ordering::Relaxed);
        self.pid.set(0);
        self.state.set(State::Absent);
        self.pending.set(Pending::default());
        self.hand_on.set(None);
        self.yielded.set(false);
        self.repeats.set(0);
        self.recent_len.set(0);
        self.turns.set(0);
        self.polls_clock.set(false);
        self.anchor.set(Anchor::default());
        self.loops.set(false);
        self.looped.set(false);
        self.loops_at.set(0);
        self.remapped.set(false);
        self.spins_since.set(None);
        self.recent_changes.set(0);
        self.owner.set(false);
        self.robust_list.set(0);
        self.looked_ns.set(0);
        self.drawn.set(0);
        self.deadline.set(u64::MAX);
        self.text.set("");
        self.detail.set(0);
        self.crash_frames.set([0; MAX_FRAMES]);
    }
}
