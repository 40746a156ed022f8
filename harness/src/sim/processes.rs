//! Sets of processes.

use std::ops::{BitAnd, BitOr, BitOrAssign, Sub};

use super::limits::NOBODY;

/// Some processes of an execution, by their indices.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(transparent)]
pub struct ProcessSet(u32);

impl ProcessSet {
    /// No process.
    pub const EMPTY: Self = Self(0);

    /// This process alone.
    pub fn of(process: u8) -> Self {
        Self(1 << process)
    }

    /// Whether `process` is one of them; `NOBODY` never is.
    pub fn has(self, process: u8) -> bool {
        self.0.checked_shr(process.into()).is_some_and(|rest| rest & 1 == 1)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many there are.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The lowest one.
    pub fn first(self) -> Option<u8> {
        (self.0 != 0).then(|| self.0.trailing_zeros() as u8)
    }

    /// The one that comes next after `process`, in a circle; the lowest after
    /// `NOBODY`.
    pub fn following(self, process: u8) -> Option<u8> {
        let from = if process == NOBODY { 0 } else { u32::from(process) + 1 };
        let behind = self.0.checked_shr(from).unwrap_or(0);
        if behind == 0 { self.first() } else { Some((behind.trailing_zeros() + from) as u8) }
    }

    /// How many come before `process` in a circle that begins with `first`.
    pub fn between(self, first: u8, process: u8) -> u32 {
        let first = u32::from(first);
        let place = (u32::from(process) + u32::BITS - first) % u32::BITS;
        (self.0.rotate_right(first) & !(u32::MAX << place)).count_ones()
    }

    /// All of them, the lowest first.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let first = Self(rest).first()?;
            rest &= rest - 1;
            Some(first)
        })
    }

    /// The set as bits, for hashes.
    pub fn bits(self) -> u32 {
        self.0
    }

    /// As many as bits are set: for a set that is drawn.
    pub fn from_bits(bits: u32) -> Self {
        Self(bits)
    }
}

impl FromIterator<u8> for ProcessSet {
    fn from_iter<I: IntoIterator<Item = u8>>(processes: I) -> Self {
        processes.into_iter().fold(Self::EMPTY, |set, process| set | Self::of(process))
    }
}

impl BitOr for ProcessSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for ProcessSet {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl BitAnd for ProcessSet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Sub for ProcessSet {
    type Output = Self;

    /// Those that are not in `other`.
    fn sub(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_have_their_members_in_order_and_in_a_circle() {
        let set: ProcessSet = [5, 0, 31].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 5, 31]);
        assert_eq!(
            (set.len(), set.first(), set.has(5), set.has(NOBODY)),
            (3, Some(0), true, false)
        );
        let next = [NOBODY, 0, 5, 30, 31].map(|process| set.following(process));
        assert_eq!(next, [Some(0), Some(5), Some(31), Some(31), Some(0)]);
        assert_eq!((set - ProcessSet::of(0)).first(), Some(5));
        assert_eq!(ProcessSet::EMPTY.following(3), None);
        assert_eq!((set.between(5, 0), set.between(5, 5)), (2, 0));
    }
}
