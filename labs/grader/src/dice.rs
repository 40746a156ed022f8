//! Inputs that an answer cannot know: drawn from a seed.
//!
//! Idea: what is written into the shared state differs from check to check, so
//! that an answer must compute it. The same seed draws the same inputs again.

use shmkv_harness::Random;

/// Draws numbers from a seed.
#[derive(Clone, Debug)]
pub struct Dice(Random);

impl Dice {
    /// Those of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Random::new(seed))
    }

    /// A number from `first` up to `last`, both included.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.0.below(last - first + 1)
    }

    /// `N` different numbers, each from 100 to 999: short enough for a timeline.
    pub fn distinct<const N: usize>(&mut self) -> [u64; N] {
        let mut drawn = [0; N];
        for place in 0..N {
            drawn[place] = loop {
                let number = self.between(100, 999);
                // Bounded in practice: at most a few of 900 numbers are taken.
                if !drawn[..place].contains(&number) {
                    break number;
                }
            };
        }
        drawn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_within_bounds_and_depend_on_the_seed() {
        let draw = |seed| {
            let mut dice = Dice::new(seed);
            [(); 100].map(|()| dice.between(3, 5))
        };
        assert!(draw(1).iter().all(|number| (3..=5).contains(number)));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn distinct_numbers_differ() {
        let mut numbers = Dice::new(7).distinct::<50>().to_vec();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 50);
    }
}
