//! Sets of up to 512 rule conditions.
//!
//! Invariant: the width is fixed, so that a set lives in registers or on the stack and every
//! operation is a handful of instructions without a branch. Non-goal: sets that grow; a rule set
//! with more conditions keeps the rest out of the matcher.

use std::fmt;

/// A set of numbers below [`Bits::CAPACITY`].
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Bits([u64; Bits::WORDS]);

impl Bits {
    const WORDS: usize = 8;

    /// Numbers a set can tell apart: 0 to one less than this.
    pub const CAPACITY: usize = Self::WORDS * 64;

    /// No number.
    pub const EMPTY: Self = Self([0; Self::WORDS]);

    /// Every number.
    pub const ALL: Self = Self([u64::MAX; Self::WORDS]);

    /// The set of one number; the empty set where it is not below the capacity.
    pub fn one(bit: u16) -> Self {
        let mut set = Self::EMPTY;
        set.insert(bit);
        set
    }

    /// Adds a number. One that is not below the capacity is not added.
    #[inline]
    pub fn insert(&mut self, bit: u16) {
        if let Some(word) = self.0.get_mut(usize::from(bit >> 6)) {
            *word |= 1 << (bit & 63);
        }
    }

    /// Takes a number out.
    #[inline]
    pub fn remove(&mut self, bit: u16) {
        if let Some(word) = self.0.get_mut(usize::from(bit >> 6)) {
            *word &= !(1 << (bit & 63));
        }
    }

    /// Whether a number is in the set.
    #[inline]
    pub fn contains(&self, bit: u16) -> bool {
        let word = self.0.get(usize::from(bit >> 6));
        word.is_some_and(|word| word >> (bit & 63) & 1 != 0)
    }

    /// Whether there is no number in the set.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        let [a, b, c, d, e, f, g, h] = self.0;
        a | b | c | d | e | f | g | h == 0
    }

    /// How many numbers are in the set.
    pub const fn len(&self) -> u32 {
        let mut count = 0;
        let mut rest: &[u64] = &self.0;
        while let [word, more @ ..] = rest {
            count += word.count_ones();
            rest = more;
        }
        count
    }

    /// The numbers in either set.
    #[inline]
    #[must_use]
    pub const fn union(&self, other: &Self) -> Self {
        let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) = (self.0, other.0);
        Self([a | i, b | j, c | k, d | l, e | m, f | n, g | o, h | p])
    }

    /// The numbers in both sets.
    #[inline]
    #[must_use]
    pub const fn intersection(&self, other: &Self) -> Self {
        let ([a, b, c, d, e, f, g, h], [i, j, k, l, m, n, o, p]) = (self.0, other.0);
        Self([a & i, b & j, c & k, d & l, e & m, f & n, g & o, h & p])
    }

    /// The numbers that are not in `other`.
    #[inline]
    #[must_use]
    pub const fn difference(&self, other: &Self) -> Self {
        self.intersection(&other.complement())
    }

    /// The numbers that are not in the set.
    #[inline]
    #[must_use]
    pub const fn complement(&self) -> Self {
        let [a, b, c, d, e, f, g, h] = self.0;
        Self([!a, !b, !c, !d, !e, !f, !g, !h])
    }

    /// Whether a number is in both sets.
    #[inline]
    pub const fn intersects(&self, other: &Self) -> bool {
        !self.intersection(other).is_empty()
    }

    /// The first number of the set that is not below `from`.
    #[inline]
    pub fn next(&self, from: u16) -> Option<u16> {
        let (_, words) = self.0.split_at_checked(usize::from(from >> 6))?;
        let (first, rest) = words.split_first()?;
        let first = first >> (from & 63);
        if first != 0 {
            // Less than 64.
            return Some(from + first.trailing_zeros() as u16);
        }
        let mut begin = from & !63;
        for word in rest {
            begin += 64;
            if *word != 0 {
                return Some(begin + word.trailing_zeros() as u16);
            }
        }
        None
    }

    /// A number that is the same for equal sets, and seldom for others.
    #[inline]
    pub(super) const fn hash(&self) -> u16 {
        let [a, b, c, d, e, f, g, h] = self.0;
        let first = a ^ b.rotate_left(9) ^ c.rotate_left(18) ^ d.rotate_left(27);
        let second = e.rotate_left(36) ^ f.rotate_left(45) ^ g.rotate_left(54) ^ h.rotate_left(61);
        // Fibonacci hashing: the upper bits depend on all below.
        ((first ^ second).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 48) as u16
    }

    /// The numbers of the set, in order.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = u16> + use<> {
        let mut words = (0_u16..).step_by(64).zip(self.0);
        let (mut first, mut word) = (0, 0_u64);
        std::iter::from_fn(move || {
            while word == 0 {
                (first, word) = words.next()?;
            }
            // Less than 64.
            let bit = word.trailing_zeros() as u16;
            word &= word - 1;
            Some(first + bit)
        })
    }
}

impl FromIterator<u16> for Bits {
    fn from_iter<I: IntoIterator<Item = u16>>(bits: I) -> Self {
        bits.into_iter().fold(Self::EMPTY, |mut set, bit| {
            set.insert(bit);
            set
        })
    }
}

impl fmt::Debug for Bits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in_and_nothing_else() {
        let members = [0, 1, 63, 64, 200, 511];
        let set: Bits = members.into_iter().chain([512, u16::MAX]).collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), members);
        assert_eq!(set.len(), 6);
        for bit in 0..600 {
            assert_eq!(set.contains(bit), members.contains(&bit), "{bit}");
            let expected = bit < 512 && !members.contains(&bit);
            assert_eq!(set.complement().contains(bit), expected, "{bit}");
        }
        for from in 0..600 {
            let expected = members.into_iter().find(|member| *member >= from);
            assert_eq!(set.next(from), expected, "{from}");
        }
        let mut less = set;
        less.remove(63);
        assert_eq!(set.difference(&less), Bits::one(63));
        assert_eq!(less.union(&Bits::one(63)), set);
        assert!(!less.intersects(&Bits::one(63)) && set.intersects(&Bits::one(63)));
        assert!(Bits::EMPTY.is_empty() && !set.is_empty());
        assert_eq!(Bits::ALL.iter().count(), Bits::CAPACITY);
    }
}
