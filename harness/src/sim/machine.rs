//! The state of an execution, computed again from its log.
//!
//! Idea: what a process does next depends only on what it has read so far, and
//! on the shared bytes. So two prefixes of executions with equal bytes, equal
//! histories of reads and equal queues of waiters on each word have the same
//! futures, and one of them is enough. States are told apart by 128-bit hashes; a collision among
//! a billion states has odds of about 1 in 10^21.
//! Source: Musuvathi & Qadeer, "Partial-Order Reduction for Context-Bounded
//! State Exploration", MSR-TR-2007-12; we merge equal states, which are fewer
//! than equal happens-before graphs.

use super::limits::MAX_PROCESSES;
use super::processes::ProcessSet;
use super::record::{Op, Step};
use crate::random::mix;

/// A 128-bit hash of a state.
pub type StateHash = u128;

/// Two independent 64-bit hashes side by side.
fn wide(a: u64, b: u64) -> u128 {
    let first = mix(a ^ mix(b ^ 0x5851_f42d_4c95_7f2d));
    let second = mix(b.rotate_left(32) ^ mix(a ^ 0x1405_7b7e_f767_814f));
    u128::from(first) << 64 | u128::from(second)
}

fn chain(hash: u128, a: u64, b: u64) -> u128 {
    let item = wide(a, b);
    wide((hash >> 64) as u64 ^ item as u64, hash as u64 ^ (item >> 64) as u64)
}

/// The state between two steps.
#[derive(Clone, Debug)]
pub struct Machine {
    memory: Vec<u8>,
    memory_hash: u128,
    histories: [u128; MAX_PROCESSES],
    /// Who waits, in order of arrival, and on which word.
    queue: Vec<(u8, u32)>,
    /// What moved waiters from one word to another, and whom it found waiting.
    requeued: u128,
    clock: u64,
    kills: u32,
}

impl Machine {
    /// The state before the first step.
    pub fn new(image: &[u8]) -> Self {
        let mut memory = image.to_vec();
        memory.resize(memory.len().next_multiple_of(4096), 0);
        let words = memory.chunks_exact(8).enumerate();
        let memory_hash =
            words.fold(0u128, |hash, (i, word)| hash.wrapping_add(word_hash(i, word)));
        Self {
            memory,
            memory_hash,
            histories: [0; MAX_PROCESSES],
            queue: Vec::new(),
            requeued: 0,
            clock: 0,
            kills: 0,
        }
    }

    /// The shared bytes.
    pub fn memory(&self) -> &[u8] {
        &self.memory
    }

    /// A hash of the shared bytes alone.
    pub fn memory_hash(&self) -> u128 {
        self.memory_hash
    }

    /// Who waits on a futex, in order of arrival.
    pub fn waiters(&self) -> impl Iterator<Item = u8> {
        self.queue.iter().map(|(process, _)| *process)
    }

    /// How many processes were killed so far.
    pub fn kills(&self) -> u32 {
        self.kills
    }

    /// Makes one step of a log.
    pub fn apply(&mut self, step: &Step) {
        let (p, what) = (usize::from(step.process), &step.what);
        self.clock = self.clock.saturating_add(step.passed);
        let size = usize::from(what.size);
        if what.op.writes() && what.op.touches() || what.op == Op::OwnerDied {
            self.write(what.offset as usize, &step.after[..size]);
        }
        // The clock too: how long a sleep that follows lasts depends on it.
        let place =
            what.ip ^ u64::from(what.offset) << 32 ^ (what.op as u64) << 56 ^ mix(self.clock);
        let seen = seen(step);
        match what.op {
            Op::OwnerDied | Op::BrokenList => {}
            Op::Kill => {
                self.histories[p] = u128::MAX;
                // Those that were stuck since are killed as well, unchosen.
                self.kills += u32::from(step.chosen);
                self.queue.retain(|(waiter, _)| *waiter != step.process);
            }
            Op::Timeout => {
                self.clock = self.clock.max(what.argument);
                self.queue.retain(|(waiter, _)| *waiter != step.process);
                self.histories[p] = chain(self.histories[p], u64::MAX, self.clock);
            }
            Op::Sleep => {
                self.clock = self.clock.max(what.argument);
                self.histories[p] = chain(self.histories[p], place, self.clock);
            }
            Op::Wait if step.took => {
                self.queue.push((step.process, what.offset));
                self.histories[p] = chain(self.histories[p], place, self.clock);
            }
            Op::Requeue => {
                let queue = self.queue_hash();
                self.requeued = chain(self.requeued, place, what.argument);
                self.requeued = chain(self.requeued, queue as u64, (queue >> 64) as u64);
                self.histories[p] = chain(self.histories[p], place, seen as u64);
            }
            _ => {
                let took = u64::from(step.took) << 63;
                let history = chain(self.histories[p], place, seen as u64);
                self.histories[p] = chain(history, (seen >> 64) as u64, took);
            }
        }
        self.wake(step.woken);
    }

    fn wake(&mut self, woken: ProcessSet) {
        self.queue.retain(|(waiter, _)| !woken.has(*waiter));
        for waiter in woken.iter() {
            // The clock too, which the waiter may read before its next step.
            let history = &mut self.histories[usize::from(waiter)];
            *history = chain(*history, u64::MAX - 1, self.clock);
        }
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = (offset + bytes.len()).min(self.memory.len());
        for word in offset / 8..end.div_ceil(8) {
            let range = word * 8..word * 8 + 8;
            let old = word_hash(word, &self.memory[range.clone()]);
            for at in range.clone().filter(|at| (offset..end).contains(at)) {
                self.memory[at] = bytes[at - offset];
            }
            let new = word_hash(word, &self.memory[range]);
            self.memory_hash = self.memory_hash.wrapping_sub(old).wrapping_add(new);
        }
    }

    /// The hash of this state; `fairness` is what else decides who can go on.
    pub fn hash(&self, fairness: u64) -> StateHash {
        let mut hash = chain(self.memory_hash, self.clock, fairness);
        hash = chain(hash, u64::from(self.kills), self.requeued as u64);
        for (i, history) in self.histories.iter().enumerate().filter(|(_, history)| **history != 0)
        {
            hash = chain(hash, *history as u64, (history >> 64) as u64 ^ i as u64);
        }
        let queue = self.queue_hash();
        if queue == 0 { hash } else { chain(hash, queue as u64, (queue >> 64) as u64) }
    }

    /// The same for all orders of arrival in which those on each word came in the
    /// same one: no other order can be told.
    fn queue_hash(&self) -> u128 {
        let rank = |i: usize| {
            let before = self.queue[..i].iter().filter(|(_, word)| *word == self.queue[i].1);
            before.count() as u64
        };
        let waiters = self.queue.iter().enumerate();
        waiters.fold(0, |sum: u128, (i, (process, word))| {
            sum.wrapping_add(wide(u64::from(*process) << 32 | u64::from(*word), rank(i)))
        })
    }
}

fn word_hash(index: usize, word: &[u8]) -> u128 {
    let mut bytes = [0; 8];
    bytes.copy_from_slice(word);
    wide(index as u64, u64::from_le_bytes(bytes))
}

/// What the process that made a step has learnt by it, as far as it is not told
/// by what it did: a store tells nothing, a futex call its result.
fn seen(step: &Step) -> u128 {
    let before = u128::from_le_bytes(step.before);
    match step.what.op {
        Op::Store => 0,
        Op::Wait => u128::from(before as u32 == step.what.argument as u32),
        Op::Wake => u128::from(step.woken.len()),
        _ => before,
    }
}
