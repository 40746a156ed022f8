//! Sampled schedules: random, PCT, POS, SURW.
//!
//! Idea: the choices themselves are made inside the execution (`decide.rs`);
//! here each execution gets a seed of its own and what the strategy needs to
//! know in advance, estimated from the executions before it.

use super::SimError;
use super::control::{MAX_PROCESSES, Policy};
use super::mix;
use super::record::Step;
use super::runner::{Order, Runner};
use super::search::Tally;
use super::strategy::{Search, Strategy};
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
    /// The most choices of one execution.
    length: u32,
    /// What was touched, in order of place; no two overlap.
    variables: Vec<Variable>,
}

/// Bytes that are touched together: accesses that overlap are to one variable.
#[derive(Clone, Copy)]
struct Variable {
    first: u32,
    end: u32,
    written: bool,
    /// How often each process touched it, in all executions.
    accesses: [u64; MAX_PROCESSES],
}

impl Variable {
    fn of(step: &Step) -> Self {
        let (first, size) = (step.what.offset, u32::from(step.what.size));
        let mut accesses = [0; MAX_PROCESSES];
        accesses[usize::from(step.process)] = 1;
        Self { first, end: first + size, written: step.what.op.writes(), accesses }
    }

    fn join(&mut self, other: &Self) {
        self.first = self.first.min(other.first);
        self.end = self.end.max(other.end);
        self.written |= other.written;
        for (mine, others) in self.accesses.iter_mut().zip(other.accesses) {
            *mine += others;
        }
    }

    /// How many processes touch it beside one; 0 where their order cannot matter.
    fn weight(&self) -> usize {
        let processes = self.accesses.iter().filter(|count| **count > 0).count();
        if self.written { processes.saturating_sub(1) } else { 0 }
    }

    /// How often each process touches it in one execution, rounded up.
    fn estimates(&self, executions: u64) -> [u32; MAX_PROCESSES] {
        self.accesses.map(|count| u32::try_from(count.div_ceil(executions)).unwrap_or(u32::MAX))
    }
}

impl Profile {
    fn learn(&mut self, steps: &[Step]) {
        self.executions += 1;
        let choices = steps.iter().filter(|step| step.chosen).count();
        self.length = self.length.max(choices as u32);
        for step in steps.iter().filter(|step| step.what.op.touches() && step.what.size > 0) {
            self.touch(Variable::of(step));
        }
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
        let sum: usize = self.variables.iter().map(Variable::weight).sum();
        let mut rest = random.checked_rem(sum as u64)? as usize;
        self.variables.iter().find(|variable| {
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
        Strategy::Exhaustive { .. } => (Policy::GoOn, 0, 0),
    };
    let seed = mix(seed ^ mix(number + 1));
    let mut order = Order { policy, seed, ..Order::default() };
    if search.kills > 0 {
        // One kill in the course of an execution, on average.
        let length = profile.length.max(8);
        order.kills = (u32::MAX / length, search.kills);
    }
    // The first execution only measures; PCT then has no change points.
    if profile.length > 0 {
        for (i, point) in
            order.change_points.iter_mut().take(depth.saturating_sub(1) as usize).enumerate()
        {
            *point = 1 + (mix(seed ^ i as u64) % u64::from(profile.length)) as u32;
        }
    }
    if policy == Policy::Surw
        && let Some(variable) = profile.draw(mix(seed ^ 0x5eed))
    {
        order.interesting = (variable.first, variable.end);
        order.estimates = variable.estimates(profile.executions);
    }
    order
}
