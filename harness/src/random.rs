//! Random numbers from a seed.
//!
//! Source: SplitMix64: Steele, Lea and Flood, "Fast Splittable Pseudorandom Number
//! Generators", OOPSLA 2014.

use std::cell::Cell;

/// Draws numbers: the same from the same seed.
#[derive(Clone, Debug, Default)]
#[repr(transparent)]
pub struct Random(Cell<u64>);

impl Random {
    /// Those of `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Cell::new(seed))
    }

    /// Begins again, with those of `seed`.
    pub fn start(&self, seed: u64) {
        self.0.set(seed);
    }

    /// The next number.
    pub fn draw(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        mix(state)
    }

    /// A number from 0 to `end` − 1. Biased by less than `end` / 2⁶⁴.
    pub fn below(&self, end: u64) -> u64 {
        self.draw() % end
    }
}

/// Mixes the bits of a number: the finaliser of SplitMix64.
pub(crate) fn mix(mut x: u64) -> u64 {
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers that the reference implementation gives for seed 0.
    #[test]
    fn numbers_are_those_of_splitmix64() {
        let random = Random::new(0);
        assert_eq!([random.draw(), random.draw()], [0xe220_a839_7b1d_cdaf, 0x6e78_9e6a_a1b9_65f4]);
    }
}
