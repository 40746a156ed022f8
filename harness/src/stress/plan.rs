//! What is decided by chance in a round, from the seed and the round's number alone.
//!
//! Idea: no generator is carried from round to round, so any round's decisions
//! can be had again without those before it.
//! Source: the mixing function of SplitMix64: Steele, Lea and Flood, "Fast
//! Splittable Pseudorandom Number Generators", OOPSLA 2014.
//! Limits: this fixes who is killed and who starts late. What the processors
//! make of it differs from run to run.

/// Start delays are below two to this power, in turns of an empty loop: some µs.
const DELAY_BITS: u64 = 14;

/// The decisions of one round.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    /// For each process, how long it waits at the start, in turns of a loop.
    pub(super) delays: Vec<u32>,
    /// Who is killed, where anybody is.
    pub(super) kill: Option<Kill>,
}

/// A kill that is planned.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Kill {
    /// The process.
    pub(super) victim: usize,
    /// When: 0 at the start of its body, 1 at about the end.
    pub(super) moment: f64,
}

impl Plan {
    /// The decisions for `round` of a run with `seed` and this many `processes`.
    pub(super) fn new(seed: u64, round: u64, processes: usize, kill_rate: f64) -> Self {
        let mut dice = Dice { state: mix(mix(seed) ^ round) };
        let delays = (0..processes).map(|_| dice.delay()).collect();
        let killed = dice.fraction() < kill_rate;
        let (victim, moment) = (dice.below(processes), dice.fraction());
        Self { delays, kill: killed.then_some(Kill { victim, moment }) }
    }
}

struct Dice {
    state: u64,
}

impl Dice {
    fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// From 0 up to 1, never 1.
    fn fraction(&mut self) -> f64 {
        const BITS: u32 = f64::MANTISSA_DIGITS;
        (self.roll() >> (u64::BITS - BITS)) as f64 / (1_u64 << BITS) as f64
    }

    /// From 0 up to `end`, never `end`. Biased by less than `end` / 2⁶⁴.
    fn below(&mut self, end: usize) -> usize {
        (self.roll() % end.max(1) as u64) as usize
    }

    /// As many short ones as long ones at every scale: races are of every scale.
    fn delay(&mut self) -> u32 {
        let bits = self.roll() % (DELAY_BITS + 1);
        (self.roll() & ((1 << bits) - 1)) as u32
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers that the reference implementation gives for seed 0.
    #[test]
    fn dice_agree_with_splitmix64() {
        let mut dice = Dice { state: 0 };
        assert_eq!(dice.roll(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(dice.roll(), 0x6e78_9e6a_a1b9_65f4);
    }

    #[test]
    fn plan_depends_on_seed_and_round_only() {
        let plan = |seed, round| Plan::new(seed, round, 3, 0.5);
        assert_eq!(plan(1, 1), plan(1, 1));
        assert_ne!(plan(1, 1), plan(1, 2));
        assert_ne!(plan(1, 1), plan(2, 1));
    }

    #[test]
    fn kill_rate_is_the_share_of_rounds_with_a_kill() {
        let killed =
            |rate| (0..10_000).filter(|round| Plan::new(1, *round, 2, rate).kill.is_some()).count();
        assert_eq!(killed(0.0), 0);
        assert_eq!(killed(1.0), 10_000);
        let half = killed(0.5);
        assert!((4_700..5_300).contains(&half), "{half} of 10,000");
    }

    #[test]
    fn every_process_is_a_victim_and_every_delay_short() {
        let plans: Vec<Plan> = (0..1_000).map(|round| Plan::new(1, round, 3, 1.0)).collect();
        for process in 0..3 {
            assert!(plans.iter().any(|plan| plan.kill.is_some_and(|kill| kill.victim == process)));
        }
        assert!(plans.iter().flat_map(|plan| &plan.delays).all(|delay| *delay < 1 << DELAY_BITS));
        assert!(plans.iter().all(|plan| plan.kill.is_some_and(|kill| kill.moment < 1.0)));
    }
}
