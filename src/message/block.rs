//! Sixteen bytes at once.
//!
//! [`Block`] classifies bytes in parallel: with SSE2, which every x86-64 has, elsewhere in two
//! 64-bit words. Invariant: both give the same bits. Non-goal: wider registers, whose presence
//! would have to be asked for on each call.

#[cfg(target_arch = "x86_64")]
pub(crate) use self::sse2::Block;
#[cfg(not(target_arch = "x86_64"))]
pub(crate) use self::words::Block;

#[cfg(target_arch = "x86_64")]
mod sse2;
#[cfg(any(test, not(target_arch = "x86_64")))]
mod words;

/// Bytes in a block.
pub(crate) const WIDTH: usize = 16;

/// A block's bytes in little-endian order, the first eight and the others.
#[inline(always)]
pub(crate) const fn words(chunk: &[u8; WIDTH]) -> (u64, u64) {
    let block = u128::from_le_bytes(*chunk);
    (block as u64, (block >> 64) as u64)
}
