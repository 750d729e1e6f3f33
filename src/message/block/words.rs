//! Blocks in pairs of 64-bit words.

use std::ops::BitOr;

use super::WIDTH;

/// Sixteen bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block([u64; 2]);

/// Sixteen answers, each in the highest bit of its byte.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes([u64; 2]);

const HIGH: u64 = splat(0x80);

impl Block {
    #[inline(always)]
    pub(crate) fn new(chunk: &[u8; WIDTH]) -> Self {
        let (low, high) = super::words(chunk);
        Self([low, high])
    }

    /// The bytes in little-endian order, the first eight and the others.
    #[inline(always)]
    pub(crate) fn words(self) -> (u64, u64) {
        (self.0[0], self.0[1])
    }

    /// The bytes with bit 0x20 set: letters in lower case.
    #[inline(always)]
    pub(crate) fn folded(self) -> Self {
        Self(self.0.map(|word| word | splat(0x20)))
    }

    /// The bytes that `other` has ones for.
    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1]])
    }

    /// The bytes with the bits of `other` set.
    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }

    /// Whether all bytes are those of `other`.
    #[inline(always)]
    pub(crate) fn equals(self, other: Self) -> bool {
        self.0 == other.0
    }

    /// Which bytes equal `byte`.
    #[inline(always)]
    pub(crate) fn is(self, byte: u8) -> Lanes {
        Lanes(self.0.map(|word| {
            let difference = word ^ splat(byte);
            // Without a carry into the next byte, unlike the usual trick: all bits count here.
            !(((difference & !HIGH) + !HIGH) | difference) & HIGH
        }))
    }

    /// Which bytes lie in `first..=last`, where `last` is ASCII.
    #[inline(always)]
    pub(crate) fn is_in(self, first: u8, last: u8) -> Lanes {
        Lanes(self.0.map(|word| {
            let at_least = if first == 0 {
                HIGH
            } else {
                (word | HIGH) - splat(first)
            };
            let above = (word & !HIGH) + splat(0x7f - last);
            at_least & !above & !word & HIGH
        }))
    }
}

impl Lanes {
    /// One bit a byte, the first byte's lowest.
    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        let [low, high] = self
            .0
            .map(|word| ((word >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u32);
        low | high << 8
    }

    /// Yes where `self` says so and `other` does not.
    #[inline(always)]
    pub(crate) fn without(self, other: Self) -> Self {
        Self([self.0[0] & !other.0[0], self.0[1] & !other.0[1]])
    }
}

impl BitOr for Lanes {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }
}

const fn splat(byte: u8) -> u64 {
    byte as u64 * 0x0101_0101_0101_0101
}

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::super::sse2;
    use super::*;

    #[test]
    fn both_kinds_of_block_give_the_same_bits() {
        for byte in 0..=255 {
            for place in 0..16 {
                let mut bytes = [b'a'; WIDTH];
                bytes[place] = byte;
                let (ours, theirs) = (Block::new(&bytes), sse2::Block::new(&bytes));
                let filler = [b'~'; WIDTH];
                let (our_filler, their_filler) = (Block::new(&filler), sse2::Block::new(&filler));
                assert_eq!(ours.words(), theirs.words());
                assert_eq!(
                    ours.and(our_filler).words(),
                    theirs.and(their_filler).words()
                );
                assert_eq!(ours.or(our_filler).words(), theirs.or(their_filler).words());
                assert!(ours.equals(ours) && theirs.equals(theirs));
                assert!(!ours.equals(our_filler) && !theirs.equals(their_filler));
                for probe in [0, b' ', b':', b'a', 0x7f, 0x80, 0xff, byte] {
                    assert_eq!(ours.is(probe).bits(), theirs.is(probe).bits());
                    assert_eq!(
                        ours.folded().is(probe).bits(),
                        theirs.folded().is(probe).bits()
                    );
                }
                for (first, last) in [(0, 0x1f), (b'a', b'z'), (b'0', b'9'), (0x21, 0x7e)] {
                    let range = first..=last;
                    let others = if range.contains(&b'a') { 0xffff } else { 0 };
                    let expected =
                        (others & !(1 << place)) | u32::from(range.contains(&byte)) << place;
                    assert_eq!(ours.is_in(first, last).bits(), expected);
                    assert_eq!(theirs.is_in(first, last).bits(), expected);
                    assert_eq!(
                        ours.is_in(first, last).without(ours.is(b'a')).bits(),
                        theirs.is_in(first, last).without(theirs.is(b'a')).bits()
                    );
                }
            }
        }
    }
}
