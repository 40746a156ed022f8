//! Sampled schedules: random, PCT, POS, SURW.
//!
//! Idea: the choices themselves are made inside the execution (`decide.rs`);
//! here each execution gets a seed of its own and what the strategy needs to
//! know in advance, estimated from the executions before it.
//!
//! SURW needs a variable whose accesses are worth ordering. That is data, which
//! the scenario's own code touches, or the word of a lock: of that only the
//! attempts to take it, since whoever holds it is in nobody's way but of those who
//! try. The other words in mutexes and the like are many, and are ordered by these.

use std::collections::HashMap;

use super::Runner;
use super::SimError;
use super::mix;
use super::order::{MAX_PROCESSES, Order, Policy};
use super::record::{Op, Step};
use super::search::Tally;
use super::strategy::{Search, Strategy};
use super::symbols;
use crate::Shared;

/// Runs schedules until the search has enough.
pub fn search<T: Shared>(
    runner: &mut Runner<'_, T>,
    search: &Search,
    tally: &mut Tally<'_>,
) -> Result<(), SimError> {
    let mut profile = Profile::default();
    let mut number = 0;
    while !tally.enough() {
        let order = order(search, &profile, number);
        let execution = runner.run(&order)?;
        profile.learn(&execution.steps);
        tally.count(&execution);
        number += 1;
    }
    Ok(())
}

/// What is known from the executions so far.
#[derive(Default)]
struct Profile {
    executions: u64,
    /// How many choices each of the last executions had; the oldest is replaced.
    lengths: Vec<u32>,
    /// What was touched, in order of place; no two overlap.
    variables: Vec<Variable>,
    /// Whether an instruction is the C library's.
    in_libc: HashMap<u64, bool>,
}

/// Of how many executions, the last ones, lengths are known.
const LENGTHS: usize = 16;

/// How often each process did something, in all executions.
type Counts = [u64; MAX_PROCESSES];

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

impl Profile {
    fn learn(&mut self, steps: &[Step]) {
        let choices = steps.iter().filter(|step| step.chosen).count() as u32;
        if self.lengths.len() < LENGTHS {
            self.lengths.push(choices);
        } else {
            self.lengths[self.executions as usize % LENGTHS] = choices;
        }
        self.executions += 1;
        for step in steps.iter().filter(|step| step.what.op.touches() && step.what.size > 0) {
            let ip = step.what.ip;
            let in_libc = *self.in_libc.entry(ip).or_insert_with(|| symbols::in_libc(ip));
            self.touch(Variable::of(step, !in_libc));
        }
    }

    /// How many choices an execution has on average, as of late.
    fn usual_length(&self) -> u32 {
        let sum: u64 = self.lengths.iter().map(|length| u64::from(*length)).sum();
        sum.checked_div(self.lengths.len() as u64).unwrap_or(0) as u32
    }

    /// How many one of the last executions had: where they differ much, as
    /// those do in which processes spin, the less one number says of all.
    fn draw_length(&self, random: u64) -> u32 {
        let one = random.checked_rem(self.lengths.len() as u64);
        one.map_or(0, |one| self.lengths[one as usize])
    }

    fn touch(&mut self, mut touched: Variable) {
        let from = self.variables.partition_point(|variable| variable.end <= touched.first);
        let to = self.variables.partition_point(|variable| variable.first < touched.end);
        for variable in &self.variables[from..to] {
            touched.join(variable);
        }
        self.variables.splice(from..to, [touched]);
    }

    /// One of the variables that processes share, the more of them the likelier.
    fn draw(&self, random: u64) -> Option<&Variable> {
        self.draw_among(random, Variable::is_worth_ordering)
            .or_else(|| self.draw_among(random, |_| true))
    }

    fn draw_among(&self, random: u64, test: fn(&Variable) -> bool) -> Option<&Variable> {
        let members = || self.variables.iter().filter(move |variable| test(variable));
        let sum: usize = members().map(Variable::weight).sum();
        let mut rest = random.checked_rem(sum as u64)? as usize;
        members().find(|variable| {
            let found = rest < variable.weight();
            rest = rest.saturating_sub(variable.weight());
            found
        })
    }
}

fn order(search: &Search, profile: &Profile, number: u64) -> Order {
    let (policy, seed, depth) = match search.strategy {
        Strategy::Pct { depth, seed } => (Policy::Pct, seed, depth),
        Strategy::Pos { seed } => (Policy::Pos, seed, 0),
        Strategy::Surw { seed } => (Policy::Surw, seed, 0),
        Strategy::Random { seed } => (Policy::Random, seed, 0),
        Strategy::Exhaustive { .. } | Strategy::Delays { .. } => (Policy::GoOn, 0, 0),
    };
    let seed = mix(seed ^ mix(number + 1));
    let mut order = Order { policy, seed, ..Order::default() };
    // In the course of an execution, on average: one kill, and one wait that ends
    // by its time, if there always is one.
    let chance = u32::MAX / profile.usual_length().max(8);
    if search.kills > 0 {
        order.kills = (chance, search.kills);
    }
    if search.early_timeouts {
        order.timeouts = chance;
    }
    // The first execution only measures; PCT then has no change points.
    let length = profile.draw_length(mix(seed ^ 0x1e46));
    if length > 0 {
        for (i, point) in
            order.change_points.iter_mut().take(depth.saturating_sub(1) as usize).enumerate()
        {
            *point = 1 + (mix(seed ^ i as u64) % u64::from(length)) as u32;
        }
    }
    if policy == Policy::Surw
        && let Some(variable) = profile.draw(mix(seed ^ 0x5eed))
    {
        order.interesting = (variable.first, variable.end);
        order.exchanges_only = variable.is_lock();
        order.estimates = variable.estimates(profile.executions);
    }
    order
}
