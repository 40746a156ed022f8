//! Sampled schedules: random, PCT, POS, SURW.
//!
//! Idea: the choices themselves are made inside the execution (`decide.rs`);
//! here each execution gets a seed of its own and what the strategy needs to
//! know in advance, estimated from the executions before it.

use super::SimError;
use super::control::{MAX_PROCESSES, Policy, Step};
use super::mix;
use super::runner::{Order, Runner};
use super::search::{Search, Strategy, Tally};
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
    /// The most steps of one execution.
    length: u32,
    /// The accesses of the last execution: process, first byte, end.
    accesses: Vec<(u8, u32, u32)>,
}

impl Profile {
    fn learn(&mut self, steps: &[Step]) {
        self.length = self.length.max(steps.len() as u32);
        let touching = steps.iter().filter(|step| step.what.op.touches());
        self.accesses = touching
            .map(|step| {
                let end = step.what.offset + u32::from(step.what.size);
                (step.process, step.what.offset, end)
            })
            .collect();
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
    if policy == Policy::Surw && !profile.accesses.is_empty() {
        let index = mix(seed ^ 0x5eed) as usize % profile.accesses.len();
        let (_, first, end) = profile.accesses[index];
        order.interesting = (first, end);
        order.estimates = estimates(&profile.accesses, first, end);
    }
    order
}

/// How many interesting steps each process makes.
fn estimates(accesses: &[(u8, u32, u32)], first: u32, end: u32) -> [u32; MAX_PROCESSES] {
    let mut counts = [0; MAX_PROCESSES];
    for (process, ..) in accesses.iter().filter(|(_, from, to)| *from < end && first < *to) {
        counts[usize::from(*process)] += 1;
    }
    counts
}
