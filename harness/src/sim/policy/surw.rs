//! SURW, selectively uniform random walk: uniform over the orders of the accesses to
//! one variable, a different one each time.
//!
//! Idea: the process that makes the next interesting step is drawn with a chance in
//! proportion to how many it still has to make, which makes all their orders as
//! likely; the others' interesting steps wait for it. Among the steps that are free,
//! the one of the highest priority goes; each step draws its own.
//! The variable is one whose accesses are worth ordering. That is data, which the
//! scenario's own code touches, or the word of a lock: of that only the attempts to
//! take it, since holding a lock affects only processes that try to take it. The other
//! words in mutexes and the like are many, and are ordered by these.
//! Source: Zhao, Wolff, Mathur & Roychoudhury, "Selectively Uniform Concurrency
//! Testing", ASPLOS 2025.

use std::cell::Cell;

use super::view::{View, highest};
use crate::Random;
use crate::sim::limits::MAX_PROCESSES;
use crate::sim::processes::ProcessSet;
use crate::sim::record::{Op, Pending, Step};

/// Which steps are interesting, and how many there will be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// The interesting bytes: the first, and the one behind the last.
    interesting: (u32, u32),
    /// Whether only compare-exchanges of them are interesting.
    exchanges_only: bool,
    /// How many interesting steps each process makes, as was estimated.
    estimates: [u32; MAX_PROCESSES],
}

impl Parameters {
    /// A variable drawn from those that were touched in the executions so far, the more
    /// processes touched it the likelier.
    pub fn prepare(variables: &Variables, executions: u64, random: u64) -> Self {
        let Some(variable) = variables.draw(random) else { return Self::default() };
        Self {
            interesting: (variable.first, variable.end),
            exchanges_only: variable.is_lock(),
            estimates: variable.estimates(executions),
        }
    }

    fn is_interesting(&self, step: &Pending) -> bool {
        let (first, end) = self.interesting;
        let counts = step.op == Op::CompareExchange || !self.exchanges_only;
        counts
            && step.op.touches()
            && step.offset < end
            && first < step.offset + u32::from(step.size)
    }
}

/// What is remembered in an execution.
#[repr(C)]
pub struct Memory {
    /// Who makes the next interesting step.
    intended: Cell<Option<u8>>,
    /// How many interesting steps each process still has to make, as was estimated.
    remaining: [Cell<u32>; MAX_PROCESSES],
}

impl Memory {
    pub(super) fn start(&self, parameters: &Parameters) {
        self.intended.set(None);
        for (remaining, estimate) in self.remaining.iter().zip(parameters.estimates) {
            remaining.set(estimate);
        }
    }

    pub(super) fn choose(
        &self,
        parameters: &Parameters,
        priorities: &[Cell<u64>; MAX_PROCESSES],
        view: &View<impl Fn(u8) -> Pending>,
        random: &Random,
    ) -> Option<u8> {
        let stands_there = |process: &u8| parameters.is_interesting(&(view.pending)(*process));
        let interesting: ProcessSet = view.standing.iter().filter(stands_there).collect();
        if !self.intended.get().is_some_and(|intended| view.alive.has(intended)) {
            self.intended.set(self.draw(view.alive, interesting, random));
        }
        let free = || {
            let intended = self.intended.get().map_or(ProcessSet::EMPTY, ProcessSet::of);
            view.possible - (interesting - intended)
        };
        if free().is_empty() {
            // It waits for one of those that wait for it.
            self.intended.set(self.draw(view.possible, interesting, random));
        }
        let chosen = highest(priorities, free())?;
        priorities[usize::from(chosen)].set(random.draw());
        if interesting.has(chosen) {
            let remaining = &self.remaining[usize::from(chosen)];
            remaining.set(remaining.get().saturating_sub(1));
            self.intended.set(None);
        }
        Some(chosen)
    }

    /// A member of `among`, with a chance in proportion to its remaining interesting
    /// steps; one that stands at such a step has at least this one. `None` where none
    /// has any.
    fn draw(&self, among: ProcessSet, interesting: ProcessSet, random: &Random) -> Option<u8> {
        let weight = |process: u8| {
            let remaining = self.remaining[usize::from(process)].get();
            u64::from(remaining.max(interesting.has(process).into()))
        };
        let sum: u64 = among.iter().map(weight).sum();
        if sum == 0 {
            return None;
        }
        let mut rest = random.draw() % sum;
        among.iter().find(|process| {
            let found = rest < weight(*process);
            rest = rest.saturating_sub(weight(*process));
            found
        })
    }
}

/// How often each process did something, in all executions.
type Counts = [u64; MAX_PROCESSES];

/// What the executions so far have touched, in order of place; no two overlap.
#[derive(Default)]
pub struct Variables(Vec<Variable>);

/// Bytes that are touched together: accesses that overlap are to one variable.
#[derive(Clone, Copy, Default)]
struct Variable {
    first: u32,
    end: u32,
    written: bool,
    /// Whether code of the scenario's own touches it.
    own: bool,
    /// Whether it is read and written in one step.
    locked: bool,
    /// Whether processes wait on it, or wake others.
    waited: bool,
    accesses: Counts,
    /// Compare-exchanges among them.
    exchanges: Counts,
}

impl Variable {
    fn of(step: &Step, own: bool) -> Self {
        use Op::{CompareExchange, FetchAdd, Requeue, Swap, Update, Wait, Wake};
        let (first, size, op) = (step.what.offset, u32::from(step.what.size), step.what.op);
        let mut variable = Self {
            first,
            end: first + size,
            written: op.writes(),
            own,
            locked: matches!(op, CompareExchange | FetchAdd | Swap | Update),
            waited: matches!(op, Wait | Wake | Requeue),
            ..Self::default()
        };
        let process = usize::from(step.process);
        variable.accesses[process] = 1;
        variable.exchanges[process] = u64::from(op == CompareExchange);
        variable
    }

    fn join(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.end = self.end.max(other.end);
        self.written |= other.written;
        self.own |= other.own;
        self.locked |= other.locked;
        self.waited |= other.waited;
        let add = |mine: &mut Counts, others: &Counts| {
            mine.iter_mut().zip(others).for_each(|(mine, other)| *mine += other);
        };
        add(&mut self.accesses, &other.accesses);
        add(&mut self.exchanges, &other.exchanges);
    }

    /// How many processes touch it beside one; 0 where their order cannot matter.
    fn weight(&self) -> usize {
        let processes = self.accesses.iter().filter(|count| **count > 0).count();
        if self.written { processes.saturating_sub(1) } else { 0 }
    }

    /// Whether it is data or the word of a lock.
    fn is_worth_ordering(&self) -> bool {
        self.locked || self.own && !self.waited
    }

    /// Whether only attempts to take it are interesting.
    fn is_lock(&self) -> bool {
        !self.own && self.exchanges.iter().any(|count| *count > 0)
    }

    /// How many interesting steps each process makes in one execution, rounded up.
    fn estimates(&self, executions: u64) -> [u32; MAX_PROCESSES] {
        let counts = if self.is_lock() { self.exchanges } else { self.accesses };
        counts.map(|count| u32::try_from(count.div_ceil(executions)).unwrap_or(u32::MAX))
    }
}

impl Variables {
    /// Notes a step; `own` says whether code of the scenario's own made it.
    pub fn note(&mut self, step: &Step, own: bool) {
        let mut touched = Variable::of(step, own);
        let from = self.0.partition_point(|variable| variable.end <= touched.first);
        let to = self.0.partition_point(|variable| variable.first < touched.end);
        for variable in &self.0[from..to] {
            touched.join(variable);
        }
        self.0.splice(from..to, [touched]);
    }

    /// One of the variables that processes share, the more of them the likelier.
    fn draw(&self, random: u64) -> Option<&Variable> {
        self.draw_among(random, Variable::is_worth_ordering)
            .or_else(|| self.draw_among(random, |_| true))
    }

    fn draw_among(&self, random: u64, test: fn(&Variable) -> bool) -> Option<&Variable> {
        let members = || self.0.iter().filter(move |variable| test(variable));
        let sum: usize = members().map(Variable::weight).sum();
        let mut rest = random.checked_rem(sum as u64)? as usize;
        members().find(|variable| {
            let found = rest < variable.weight();
            rest = rest.saturating_sub(variable.weight());
            found
        })
    }
}
