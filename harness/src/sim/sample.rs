//! Sampled schedules: random, PCT, POS, SURW.
//!
//! Idea: the choices themselves are made inside the execution (`policy/`); here each
//! execution gets a seed of its own and what its policy needs to know in advance,
//! estimated from the executions before it.

use std::collections::HashMap;

use super::Runner;
use super::SimError;
use super::order::Order;
use super::policy::{Policy, pct, surw};
use super::record::Step;
use super::strategy::{Search, Strategy};
use super::symbols;
use super::tally::Tally;
use crate::Shared;
use crate::random::mix;

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
    variables: surw::Variables,
    /// Whether an instruction is the C library's.
    in_libc: HashMap<u64, bool>,
}

/// Of how many executions, the last ones, lengths are known.
const LENGTHS: usize = 16;

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
            self.variables.note(step, !in_libc);
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
}

fn order(search: &Search, profile: &Profile, number: u64) -> Order {
    let own_seed = |seed: u64| mix(seed ^ mix(number + 1));
    let (policy, seed) = match search.strategy {
        Strategy::Random { seed } => (Policy::Random, own_seed(seed)),
        Strategy::Pct { depth, seed } => {
            let seed = own_seed(seed);
            let length = profile.draw_length(mix(seed ^ 0x1e46));
            (Policy::Pct(pct::Parameters::prepare(depth, length, seed)), seed)
        }
        Strategy::Pos { seed } => (Policy::Pos, own_seed(seed)),
        Strategy::Surw { seed } => {
            let seed = own_seed(seed);
            let (variables, executions) = (&profile.variables, profile.executions);
            let random = mix(seed ^ 0x5eed);
            (Policy::Surw(surw::Parameters::prepare(variables, executions, random)), seed)
        }
        Strategy::Exhaustive { .. } | Strategy::Delays { .. } => (Policy::GoOn, 0),
    };
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
    order
}
