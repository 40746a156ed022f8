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
        match (last - first).checked_add(1) {
            Some(count) => first + self.0.below(count),
            None => self.any(),
        }
    }

    /// Any number of 64 bits.
    pub fn any(&mut self) -> u64 {
        self.0.draw()
    }

    /// `N` different numbers, none of them 0, from the whole range and in no order. They
    /// differ from each other in their lower or in their upper halves only, so that
    /// whoever compares one half takes some of them for equal.
    pub fn distinct<const N: usize>(&mut self) -> [u64; N] {
        let mut drawn = [0; N];
        for place in 0..N {
            drawn[place] = loop {
                let half = self.any() >> 32;
                let number = match place {
                    0 => self.any(),
                    odd if odd % 2 == 1 => drawn[place - 1] ^ half << 32,
                    _ => drawn[place - 1] ^ half,
                };
                // Bounded in practice: a half that was drawn comes again once in 2^32.
                if number != 0 && !drawn[..place].contains(&number) {
                    break number;
                }
            };
        }
        self.shuffle(&mut drawn);
        drawn
    }

    /// Puts `things` into any order.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.between(0, last as u64) as usize);
        }
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
    fn some_distinct_numbers_are_equal_in_one_half() {
        let mut dice = Dice::new(7);
        for _ in 0..20 {
            let [one, other] = dice.distinct();
            assert_eq!(one as u32, other as u32);
            let three: [u64; 3] = dice.distinct();
            let upper = three.map(|number| number >> 32);
            assert!(upper[0] == upper[1] || upper[1] == upper[2] || upper[0] == upper[2]);
        }
    }

    #[test]
    fn distinct_numbers_differ() {
        let mut numbers = Dice::new(7).distinct::<50>().to_vec();
        assert!(numbers.iter().any(|number| *number > u64::from(u32::MAX)));
        assert!(!numbers.is_sorted());
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 50);
    }
}
