//! Sets of bytes.
//!
//! A set is four words, so that unions, intersections and tests against another set take a few
//! instructions and no memory. Invariant: all operations but the reading of input are `const`, so
//! that tables of sets are constants. Non-goal: sets of anything wider than a byte.

use std::fmt;

/// A set of bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: Self = Self([0; 4]);

    /// Every byte.
    pub const ALL: Self = Self([u64::MAX; 4]);

    /// The bytes that occur in a constant list.
    pub const fn of(mut bytes: &[u8]) -> Self {
        let mut set = Self::EMPTY;
        while let [byte, rest @ ..] = bytes {
            set = set.with(*byte);
            bytes = rest;
        }
        set
    }

    /// The bytes from `first` to `last`, both included.
    pub const fn range(first: u8, last: u8) -> Self {
        let mut set = Self::EMPTY;
        let mut byte = first as u16;
        while byte <= last as u16 {
            set = set.with(byte as u8);
            byte += 1;
        }
        set
    }

    /// The set with one byte more.
    pub const fn with(self, byte: u8) -> Self {
        let bit = 1 << (byte & 63);
        let [a, b, c, d] = self.0;
        match byte >> 6 {
            0 => Self([a | bit, b, c, d]),
            1 => Self([a, b | bit, c, d]),
            2 => Self([a, b, c | bit, d]),
            _ => Self([a, b, c, d | bit]),
        }
    }

    /// The bytes in either set.
    pub const fn union(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a | e, b | f, c | g, d | h])
    }

    /// The bytes in both sets.
    pub const fn intersection(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a & e, b & f, c & g, d & h])
    }

    /// The bytes that are not in the set.
    pub const fn complement(self) -> Self {
        let [a, b, c, d] = self.0;
        Self([!a, !b, !c, !d])
    }

    /// Whether the set has no byte.
    pub const fn is_empty(self) -> bool {
        let [a, b, c, d] = self.0;
        a | b | c | d == 0
    }

    /// How many bytes the set has.
    pub const fn len(self) -> u32 {
        let [a, b, c, d] = self.0;
        a.count_ones() + b.count_ones() + c.count_ones() + d.count_ones()
    }

    /// Whether a byte is in both sets.
    #[inline]
    pub const fn intersects(self, other: Self) -> bool {
        !self.intersection(other).is_empty()
    }

    /// Whether every byte of the set is in the other.
    #[inline]
    pub const fn is_subset(self, other: Self) -> bool {
        !self.intersects(other.complement())
    }

    /// For each byte whether it is in the set: what loops over long input look up.
    pub(super) const fn table(self) -> [bool; 256] {
        let mut table = [false; 256];
        let mut rest: &mut [bool] = &mut table;
        let mut byte = 0_u8;
        while let [is_in, behind @ ..] = rest {
            *is_in = self.contains(byte);
            byte = byte.wrapping_add(1);
            rest = behind;
        }
        table
    }

    /// Whether a byte is in the set.
    #[inline]
    pub const fn contains(self, byte: u8) -> bool {
        let [a, b, c, d] = self.0;
        let word = match byte >> 6 {
            0 => a,
            1 => b,
            2 => c,
            _ => d,
        };
        word >> (byte & 63) & 1 != 0
    }

    /// The set of the bytes that occur in `input`.
    #[inline]
    pub fn occurring_in(input: &[u8]) -> Self {
        let mut words = [0_u64; 4];
        for &byte in input {
            if let Some(word) = words.get_mut(usize::from(byte >> 6)) {
                *word |= 1 << (byte & 63);
            }
        }
        Self(words)
    }

    /// Where in `input` the first byte of the set is.
    #[inline]
    pub fn find(&self, input: &[u8]) -> Option<usize> {
        let bit = |&byte: &u8| {
            let word = self.0.get(usize::from(byte >> 6));
            word.is_some_and(|word| word >> (byte & 63) & 1 != 0)
        };
        // Without an exit from the middle of a chunk, so that a chunk is a few instructions.
        let (chunks, _) = input.as_chunks::<8>();
        let is_in = |chunk: &&[u8; 8]| chunk.iter().fold(false, |any, byte| any | bit(byte));
        let from = chunks.iter().take_while(|chunk| !is_in(chunk)).count() * 8;
        let rest = input.get(from..)?;
        rest.iter().position(bit).map(|at| from + at)
    }

    /// The bytes of the set, in order.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..=u8::MAX).filter(move |&byte| self.contains(byte))
    }
}

impl fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: Vec<u8> = self.iter().collect();
        write!(f, "ByteSet(\"{}\")", bytes.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_hold_what_was_put_in_and_nothing_else() {
        let set = ByteSet::of(b"\0a\x7f\x80\xff").union(ByteSet::range(b'0', b'9'));
        for byte in 0..=u8::MAX {
            let expected = matches!(byte, 0 | b'a' | 0x7f | 0x80 | 0xff | b'0'..=b'9');
            assert_eq!(set.contains(byte), expected, "{byte:#x}");
            assert_eq!(set.complement().contains(byte), !expected, "{byte:#x}");
            assert_eq!(set.find(&[byte]), expected.then_some(0), "{byte:#x}");
            assert_eq!(ByteSet::of(&[byte]), ByteSet::occurring_in(&[byte]));
        }
        assert_eq!(set.len(), 15);
        assert_eq!(set.iter().count(), 15);
        assert_eq!(ByteSet::range(0, 255), ByteSet::ALL);
    }

    #[test]
    fn sets_compare_with_each_other() {
        let (digits, letters) = (ByteSet::range(b'0', b'9'), ByteSet::range(b'a', b'z'));
        assert!(!digits.intersects(letters));
        assert!(digits.is_subset(digits.union(letters)));
        assert!(!digits.is_subset(letters));
        assert!(ByteSet::EMPTY.is_subset(ByteSet::EMPTY) && ByteSet::EMPTY.is_empty());
        assert_eq!(letters.find(b"12a"), Some(2));
        assert_eq!(letters.find(b"123"), None);
        for length in 0..70 {
            let mut text = vec![b'1'; length];
            assert_eq!(letters.find(&text), None, "{length}");
            for at in (0..length).rev() {
                text[at] = b'x';
                assert_eq!(letters.find(&text), Some(at), "{length}");
            }
        }
    }
}
