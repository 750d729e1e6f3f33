//! Blocks in SSE2 registers.

use std::ops::BitOr;

use super::WIDTH;

use safe_arch::{
    bitand_m128i, bitandnot_m128i, bitor_m128i, cmp_eq_mask_i8_m128i, m128i, min_u8_m128i,
    move_mask_i8_m128i, set_splat_i8_m128i, sub_i8_m128i,
};

/// Sixteen bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block(m128i);

/// Sixteen answers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes(m128i);

impl Block {
    #[inline(always)]
    pub(crate) fn new(chunk: &[u8; WIDTH]) -> Self {
        Self(m128i::from(*chunk))
    }

    /// The bytes in little-endian order, the first eight and the others.
    #[inline(always)]
    pub(crate) fn words(self) -> (u64, u64) {
        super::words(&self.0.into())
    }

    /// The bytes with bit 0x20 set: letters in lower case.
    #[inline(always)]
    pub(crate) fn folded(self) -> Self {
        Self(bitor_m128i(self.0, splat(0x20)))
    }

    /// The bytes that `other` has ones for.
    #[inline(always)]
    pub(crate) fn and(self, other: Self) -> Self {
        Self(bitand_m128i(self.0, other.0))
    }

    /// The bytes with the bits of `other` set.
    #[inline(always)]
    pub(crate) fn or(self, other: Self) -> Self {
        Self(bitor_m128i(self.0, other.0))
    }

    /// Whether all bytes are those of `other`.
    #[inline(always)]
    pub(crate) fn equals(self, other: Self) -> bool {
        Lanes(cmp_eq_mask_i8_m128i(self.0, other.0)).bits() == 0xffff
    }

    /// Which bytes equal `byte`.
    #[inline(always)]
    pub(crate) fn is(self, byte: u8) -> Lanes {
        Lanes(cmp_eq_mask_i8_m128i(self.0, splat(byte)))
    }

    /// Which bytes lie in `first..=last`.
    #[inline(always)]
    pub(crate) fn is_in(self, first: u8, last: u8) -> Lanes {
        let from_first = if first == 0 {
            self.0
        } else {
            sub_i8_m128i(self.0, splat(first))
        };
        let capped = min_u8_m128i(from_first, splat(last - first));
        Lanes(cmp_eq_mask_i8_m128i(capped, from_first))
    }
}

impl Lanes {
    /// One bit a byte, the first byte's lowest.
    #[inline(always)]
    pub(crate) fn bits(self) -> u32 {
        move_mask_i8_m128i(self.0) as u32
    }

    /// Yes where `self` says so and `other` does not.
    #[inline(always)]
    pub(crate) fn without(self, other: Self) -> Self {
        Self(bitandnot_m128i(other.0, self.0))
    }
}

impl BitOr for Lanes {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(bitor_m128i(self.0, other.0))
    }
}

#[inline(always)]
fn splat(byte: u8) -> m128i {
    set_splat_i8_m128i(byte as i8)
}
