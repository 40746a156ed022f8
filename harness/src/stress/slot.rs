//! A slot of the control page: what one worker is told, and how its body ended.
//!
//! Idea: how far a body is, is one word that holds the round's number too; it
//! is stored after the text that belongs to it. Whatever is read here may have
//! been overwritten by a body gone wild, so lengths are bounded and stages
//! looked up.

use std::sync::atomic::{
    AtomicU8, AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};

/// In bytes; what is longer is cut.
const TEXT_MAX: usize = 1020;

/// In bytes, as `ToReport` says.
const VALUE_MAX: usize = 255;

/// Round numbers wrap; they only have to differ from their neighbours.
pub(super) type Round = u32;

/// [`Slot::kill_at`] and [`Slot::pause_at`] where nothing is to happen.
pub(super) const NEVER: u64 = u64::MAX;

crate::shared! {
    /// A short text.
    #[derive(Debug)]
    struct Text {
        len: AtomicU32,
        bytes: [AtomicU8; TEXT_MAX],
    }
}

crate::shared! {
    /// What one worker is told, and how its body ended.
    #[derive(Debug)]
    #[repr(align(64))]
    pub(super) struct Slot {
        /// By the harness: for how many turns of a loop to wait at the start.
        pub(super) delay: AtomicU32,
        /// By the worker: the last round that it is through with.
        pub(super) idle: AtomicU32,
        /// By the worker: the round and a [`Stage`].
        stage: AtomicU32,
        /// By the worker: whether its body left processes behind.
        left_processes: AtomicU32,
        /// By the harness: when to die, in ns after the start; or [`NEVER`].
        pub(super) kill_at: AtomicU64,
        /// By the harness: when to pause, in ns after the start; or [`NEVER`].
        pub(super) pause_at: AtomicU64,
        /// By the harness: how long to sleep on after the start, in ns.
        pub(super) asleep_ns: AtomicU64,
        /// By the worker: how long the body took, in ns, where `timed`.
        took_ns: AtomicU64,
        text: Text,
    }
}

/// How far a body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Stage {
    /// It has begun.
    Begun = 1,
    /// It is panicking. It may still catch that itself.
    Panicking = 2,
    /// It returned.
    Returned = 3,
    /// It panicked, and the worker caught that.
    Panicked = 4,
}

impl Stage {
    fn tag(self, round: Round) -> u32 {
        (round << 3) | self as u32
    }
}

impl Text {
    fn store(&self, text: &str, most: usize) {
        let text = cut(text, most.min(TEXT_MAX));
        // Relaxed, here and in `load`: the stage that is stored next says that
        // the text is complete.
        for (to, from) in self.bytes.iter().zip(text.bytes()) {
            to.store(from, Relaxed);
        }
        self.len.store(text.len() as u32, Relaxed);
    }

    fn load(&self) -> String {
        let len = (self.len.load(Relaxed) as usize).min(TEXT_MAX);
        let bytes: Vec<u8> = self.bytes[..len].iter().map(|byte| byte.load(Relaxed)).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The longest start of `text` that has at most `most` bytes.
fn cut(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The worker's side.
impl Slot {
    /// The body begins.
    pub(super) fn begin(&self, round: Round) {
        // Release, in all stores of `stage`: pairs with the Acquire in `stage`.
        // Relaxed could show a stage without its text.
        self.stage.store(Stage::Begun.tag(round), Release);
    }

    /// The body panics, so far uncaught.
    pub(super) fn panicking(&self, round: Round, message: &str) {
        self.text.store(message, TEXT_MAX);
        self.stage.store(Stage::Panicking.tag(round), Release);
    }

    /// The body has panicked; [`Slot::panicking`] has stored with what.
    pub(super) fn panicked(&self, round: Round) {
        self.stage.store(Stage::Panicked.tag(round), Release);
    }

    /// The body has returned.
    pub(super) fn returned(&self, round: Round, value: &str, took_ns: u64) {
        self.text.store(value, VALUE_MAX);
        self.took_ns.store(took_ns, Relaxed);
        self.stage.store(Stage::Returned.tag(round), Release);
    }

    /// The body has ended and left processes behind.
    pub(super) fn leaves_processes(&self) {
        self.left_processes.store(1, Relaxed);
    }
}

/// The harness's side.
impl Slot {
    /// What the worker is to do in the next round.
    pub(super) fn prepare(&self, delay: u32, asleep_ns: u64) {
        // Relaxed, here and below: the round's release orders these stores.
        self.left_processes.store(0, Relaxed);
        self.delay.store(delay, Relaxed);
        self.kill_at.store(NEVER, Relaxed);
        self.pause_at.store(NEVER, Relaxed);
        self.asleep_ns.store(asleep_ns, Relaxed);
    }

    /// In the next round the worker is to die `at` so many ns after the start.
    pub(super) fn prepare_kill(&self, at: u64) {
        self.delay.store(0, Relaxed);
        self.kill_at.store(at, Relaxed);
    }

    /// In the next round the worker is to pause `at` so many ns after the start.
    pub(super) fn prepare_pause(&self, at: u64) {
        self.delay.store(0, Relaxed);
        self.asleep_ns.store(0, Relaxed);
        self.pause_at.store(at, Relaxed);
    }

    /// How far the body is in `round`; `None` where it has not begun.
    pub(super) fn stage(&self, round: Round) -> Option<Stage> {
        use Stage::{Begun, Panicked, Panicking, Returned};
        let stage = self.stage.load(Acquire);
        [Begun, Panicking, Returned, Panicked].into_iter().find(|known| known.tag(round) == stage)
    }

    /// What was returned, or with what message it panicked.
    pub(super) fn text(&self) -> String {
        self.text.load()
    }

    /// How long the body took.
    pub(super) fn took_ns(&self) -> u64 {
        self.took_ns.load(Relaxed)
    }

    /// Whether the body left processes behind.
    pub(super) fn left_processes(&self) -> bool {
        self.left_processes.load(Relaxed) != 0
    }

    /// Whether its process is through with `round`, or dead.
    pub(super) fn is_idle(&self, round: Round) -> bool {
        // SeqCst: see `finish`.
        self.idle.load(SeqCst) == round
    }

    /// Its process is dead: nobody waits for it.
    pub(super) fn set_idle(&self, round: Round) {
        self.idle.store(round, SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    fn with_slot(test: impl Fn(&Slot)) {
        let memory = Memory::new(size_of::<Slot>()).expect("a memfd");
        test(memory.map().expect("a mapping").as_shared());
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(cut("abc", 2), "ab");
        assert_eq!(cut("aä", 2), "a");
        assert_eq!(cut("aä", 3), "aä");
        assert_eq!(cut("", 3), "");
    }

    #[test]
    fn stage_of_another_round_is_no_answer() {
        with_slot(|slot| {
            assert_eq!(slot.stage(0), None, "zeroed memory");
            slot.returned(7, "seven", 0);
            assert_eq!((slot.stage(7), slot.text()), (Some(Stage::Returned), "seven".into()));
            assert_eq!(slot.stage(8), None);
        });
    }

    /// A length that a wild body wrote must not take the harness out of bounds.
    #[test]
    fn text_of_impossible_length_is_read_within_bounds() {
        with_slot(|slot| {
            slot.text.len.store(u32::MAX, Relaxed);
            assert_eq!(slot.text().len(), TEXT_MAX);
        });
    }
}
