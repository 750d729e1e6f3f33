//! Transformations that look at one byte at a time: `lowercase`, `uppercase`, `removeNulls`,
//! `replaceNulls`, `parityEven7bit`, `parityOdd7bit`, `parityZero7bit`.
//!
//! Invariant: what becomes of a byte does not hang on others. Non-goal: case outside of ASCII.

use memchr::memchr;

use super::byte_set::ByteSet;
use super::scan;

/// Writes ASCII letters small.
pub(super) fn lowercase(input: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(input);
    output.make_ascii_lowercase();
}

/// Writes ASCII letters large.
pub(super) fn uppercase(input: &[u8], output: &mut Vec<u8>) {
    output.extend_from_slice(input);
    output.make_ascii_uppercase();
}

/// Takes out zero bytes.
pub(super) fn remove_nulls(input: &[u8], output: &mut Vec<u8>) {
    let find = |bytes: &[u8]| memchr(0, bytes);
    scan::rewrite(input, output, find, |from, _| {
        from.get(1..).unwrap_or_default()
    });
}

/// Puts spaces in the place of zero bytes.
pub(super) fn replace_nulls(input: &[u8], output: &mut Vec<u8>) {
    output.extend(
        input
            .iter()
            .map(|&byte| if byte == 0 { b' ' } else { byte }),
    );
}

/// Sets the eighth bit of a byte with an odd number of bits, that one included, and clears it of the
/// others.
pub(super) fn parity_even(input: &[u8], output: &mut Vec<u8>) {
    output.extend(input.iter().map(|&byte| even(byte)));
}

const fn even(byte: u8) -> u8 {
    if byte.count_ones() % 2 == 1 {
        byte | 0x80
    } else {
        byte & 0x7f
    }
}

/// Sets the eighth bit of a byte with an even number of bits, that one included, and clears it of
/// the others.
pub(super) fn parity_odd(input: &[u8], output: &mut Vec<u8>) {
    output.extend(input.iter().map(|&byte| odd(byte)));
}

const fn odd(byte: u8) -> u8 {
    even(byte) ^ 0x80
}

/// Clears the eighth bit.
pub(super) fn parity_zero(input: &[u8], output: &mut Vec<u8>) {
    output.extend(input.iter().map(|byte| byte & 0x7f));
}

/// The bytes that [`parity_even`] changes.
pub(super) const NOT_EVEN: ByteSet = {
    let mut set = ByteSet::EMPTY;
    let mut byte = 0_u8;
    loop {
        if even(byte) != byte {
            set = set.with(byte);
        }
        let Some(next) = byte.checked_add(1) else {
            break set;
        };
        byte = next;
    }
};

/// The bytes that [`parity_odd`] changes: it does the opposite, and a byte stays by one of the two.
pub(super) const NOT_ODD: ByteSet = NOT_EVEN.complement();
