//! `compressWhitespace`, `removeWhitespace`, `trim`, `trimLeft`, `trimRight`.
//!
//! Invariant: what is not white space stays, in order. Non-goal: white space of more than one byte.
//! The first two count the no-break space of ISO 8859-1, the others do not; so does ModSecurity.

use super::byte_set::ByteSet;
use super::scan::{NBSP, Shrinking, is_space};

/// White space.
pub(super) const SPACE: ByteSet = ByteSet::range(b'\t', b'\r').with(b' ');

/// White space and the no-break space.
pub(super) const WIDE_SPACE: ByteSet = SPACE.with(NBSP);

/// Makes one space of each run of white space.
pub(super) fn compress(input: &[u8], output: &mut Vec<u8>) {
    Shrinking::fill(output, input.len(), |output| {
        for &byte in input {
            if !is_wide(byte) {
                output.push(byte);
            } else if output.last() != Some(b' ') {
                output.push(b' ');
            }
        }
    });
}

/// Takes out all white space.
pub(super) fn remove(input: &[u8], output: &mut Vec<u8>) {
    Shrinking::fill(output, input.len(), |output| {
        for &byte in input {
            output.push_if(byte, !is_wide(byte));
        }
    });
}

#[inline]
fn is_wide(byte: u8) -> bool {
    const WIDE: &[bool; 256] = &WIDE_SPACE.table();
    WIDE.get(usize::from(byte)).copied().unwrap_or_default()
}

/// Takes white space off both ends.
pub(super) fn trim(input: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(without_end(without_start(input)));
}

/// Takes white space off the front.
pub(super) fn trim_left(input: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(without_start(input));
}

/// Takes white space off the end.
pub(super) fn trim_right(input: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(without_end(input));
}

fn without_start(mut bytes: &[u8]) -> &[u8] {
    while let [space, rest @ ..] = bytes
        && is_space(*space)
    {
        bytes = rest;
    }
    bytes
}

fn without_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., space] = bytes
        && is_space(*space)
    {
        bytes = rest;
    }
    bytes
}
