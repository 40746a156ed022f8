//! What is decided by chance in a round, from the seed and the round's number alone.
//!
//! Idea: no generator is carried from round to round, so any round's decisions
//! can be had again without those before it.
//! Limits: this fixes who is killed, who pauses and who starts late. What the
//! processors make of it differs from run to run.

use super::StressOptions;
use crate::Random;
use crate::random::mix;

/// Start delays are below two to this power, in turns of an empty loop: some µs.
const DELAY_BITS: u64 = 14;

/// The decisions of one round.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// For each process, how long it waits at the start, in turns of a loop.
    pub(super) delays: Vec<u32>,
    /// Who is killed, where anybody is.
    pub(super) kill: Option<Strike>,
    /// Who pauses, where anybody does.
    pub(super) pause: Option<Strike>,
}

/// What befalls one process in the midst of its body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Strike {
    /// The process.
    pub(super) victim: usize,
    /// When: 0 at the start of its body, 1 at about the end.
    pub(super) moment: f64,
}

impl Plan {
    /// The decisions for `round` of a run of this many `processes`.
    pub(super) fn new(options: &StressOptions, round: u64, processes: usize) -> Self {
        let dice = Dice(Random::new(mix(mix(options.seed) ^ round)));
        let delays = (0..processes).map(|_| dice.delay()).collect();
        let kill = dice.strike(options.kill_rate, processes);
        let pause = dice.strike(options.pause_rate, processes);
        Self { delays, kill, pause }
    }
}

struct Dice(Random);

impl Dice {
    /// From 0 up to 1, never 1.
    fn fraction(&self) -> f64 {
        const BITS: u32 = f64::MANTISSA_DIGITS;
        (self.0.draw() >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64
    }

    /// From 0 up to `end`, never `end`. Biased by less than `end` / 2⁶⁴.
    fn below(&self, end: usize) -> usize {
        self.0.below(end.max(1) as u64) as usize
    }

    fn strike(&self, rate: f64, processes: usize) -> Option<Strike> {
        // All dice are rolled in any case: the next decision depends on none before.
        let strikes = self.fraction() < rate;
        let (victim, moment) = (self.below(processes), self.fraction());
        strikes.then_some(Strike { victim, moment })
    }

    /// As many short ones as long ones at every scale: races are of every scale.
    fn delay(&self) -> u32 {
        let bits = self.0.draw() % (DELAY_BITS + 1);
        (self.0.draw() & ((1 << bits) - 1)) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(seed: u64, kill_rate: f64, pause_rate: f64) -> StressOptions {
        StressOptions { seed, kill_rate, pause_rate, ..StressOptions::default() }
    }

    #[test]
    fn plan_depends_on_seed_and_round_only() {
        let plan = |seed, round| Plan::new(&with(seed, 0.5, 0.5), round, 3);
        assert_eq!(plan(1, 1), plan(1, 1));
        assert_ne!(plan(1, 1), plan(1, 2));
        assert_ne!(plan(1, 1), plan(2, 1));
    }

    #[test]
    fn rates_are_the_shares_of_rounds_with_a_strike() {
        let struck = |rate| {
            let options = with(1, rate, 1.0 - rate);
            let plans = (0..10_000).map(|round| Plan::new(&options, round, 2));
            plans.fold((0, 0), |(kills, pauses), plan| {
                (kills + plan.kill.iter().count(), pauses + plan.pause.iter().count())
            })
        };
        assert_eq!(struck(0.0), (0, 10_000));
        assert_eq!(struck(1.0), (10_000, 0));
        let (kills, pauses) = struck(0.5);
        assert!((4_700..5_300).contains(&kills), "{kills} of 10,000");
        assert!((4_700..5_300).contains(&pauses), "{pauses} of 10,000");
    }

    /// A run with kills can be had again with pauses as well.
    #[test]
    fn pauses_change_no_kill() {
        for round in 0..100 {
            let kill = |pauses| Plan::new(&with(1, 0.5, pauses), round, 3).kill;
            assert_eq!(kill(0.0), kill(1.0));
        }
    }

    #[test]
    fn every_process_is_a_victim_and_every_delay_short() {
        let options = with(1, 1.0, 0.0);
        let plans: Vec<Plan> = (0..1_000).map(|round| Plan::new(&options, round, 3)).collect();
        for process in 0..3 {
            assert!(plans.iter().any(|plan| plan.kill.is_some_and(|kill| kill.victim == process)));
        }
        assert!(plans.iter().flat_map(|plan| &plan.delays).all(|delay| *delay < 1 << DELAY_BITS));
        assert!(plans.iter().all(|plan| plan.kill.is_some_and(|kill| kill.moment < 1.0)));
    }
}
