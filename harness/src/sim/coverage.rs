//! What a search has covered: whether it still learns.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::limits::MAX_PROCESSES;
use super::machine::{Machine, StateHash};
use super::record::Step;

/// What was covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// Distinct states.
    pub states: u64,
    /// Distinct pairs of conflicting accesses of two processes, next to each
    /// other in the order of accesses to their bytes.
    pub conflicts: u64,
    /// How many of these pairs were seen in both orders.
    pub both_orders: u64,
}

/// An access as the same place in the program makes it: process, instruction, bytes.
type Access = (u8, u64, u32, u8);

/// Counts as executions are added.
pub struct CoverageCounter {
    image: Vec<u8>,
    states: HashSet<StateHash>,
    accesses: HashMap<Access, u32>,
    pairs: HashSet<(u32, u32)>,
}

/// Who touched a byte last.
#[derive(Clone, Copy)]
struct Touched {
    writer: Option<(u8, u32)>,
    readers: [Option<u32>; MAX_PROCESSES],
}

const UNTOUCHED: Touched = Touched { writer: None, readers: [None; MAX_PROCESSES] };

impl CoverageCounter {
    /// For executions that start from `image`.
    pub fn new(image: &[u8]) -> Self {
        Self {
            image: image.to_vec(),
            states: HashSet::new(),
            accesses: HashMap::new(),
            pairs: HashSet::new(),
        }
    }

    /// Adds one execution.
    pub fn add(&mut self, steps: &[Step]) {
        let mut machine = Machine::new(&self.image);
        let mut bytes: HashMap<u32, Touched> = HashMap::new();
        for step in steps {
            machine.apply(step);
            self.states.insert(machine.hash(0));
            if step.what.op.touches() {
                self.add_access(step, &mut bytes);
            }
        }
    }

    fn add_access(&mut self, step: &Step, bytes: &mut HashMap<u32, Touched>) {
        let what = &step.what;
        let count = self.accesses.len() as u32;
        let access = (step.process, what.ip, what.offset, what.size);
        let id = *self.accesses.entry(access).or_insert(count);
        for at in what.offset..what.offset + u32::from(what.size) {
            let touched = bytes.entry(at).or_insert(UNTOUCHED);
            if let Some((_, writer)) = touched.writer.filter(|(p, _)| *p != step.process) {
                self.pairs.insert((writer, id));
            }
            if what.op.writes() {
                for (p, reader) in touched.readers.iter().enumerate() {
                    if let Some(reader) = reader.filter(|_| p != usize::from(step.process)) {
                        self.pairs.insert((reader, id));
                    }
                }
                *touched = Touched { writer: Some((step.process, id)), ..UNTOUCHED };
            } else {
                touched.readers[usize::from(step.process)] = Some(id);
            }
        }
    }

    /// The counts.
    pub fn count(&self) -> Coverage {
        let both = self.pairs.iter().filter(|(a, b)| a < b && self.pairs.contains(&(*b, *a)));
        let both_orders = both.count() as u64;
        let conflicts = self.pairs.len() as u64 - both_orders;
        Coverage { states: self.states.len() as u64, conflicts, both_orders }
    }
}
