//! `hexEncode`, `hexDecode`, `sqlHexDecode`.
//!
//! Invariant: decoding never fails. Non-goal: telling digits from other bytes in `hexDecode`.

use memchr::memchr2_iter;

use super::scan;

const DIGITS: [u8; 16] = *b"0123456789abcdef";

/// The two digits of a byte, in lower case.
pub(super) fn digits(byte: u8) -> [u8; 2] {
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or_default();
    [digit(byte >> 4), digit(byte & 0xf)]
}

/// Writes each byte as two digits.
pub(super) fn encode(input: &[u8], output: &mut Vec<u8>) {
    output.extend(input.iter().flat_map(|&byte| digits(byte)));
}

/// Reads two bytes as one, whatever they are; a last one by itself goes. What is no digit has the
/// value that ModSecurity's arithmetic gives it.
pub(super) fn decode(input: &[u8], output: &mut Vec<u8>) {
    let pairs = input.as_chunks::<2>().0;
    output.extend(
        pairs
            .iter()
            .map(|&[high, low]| value(high).wrapping_mul(16).wrapping_add(value(low))),
    );
}

fn value(byte: u8) -> u8 {
    if byte >= b'A' {
        (byte & 0xdf).wrapping_sub(b'A').wrapping_add(10)
    } else {
        byte.wrapping_sub(b'0')
    }
}

/// Decodes `0xHH...`, the hexadecimal strings of SQL. As in version 3 of ModSecurity, one may follow
/// another, and a zero byte ends nothing.
pub(super) fn decode_sql(input: &[u8], output: &mut Vec<u8>) {
    scan::rewrite(input, output, find_prefix, |from, output| {
        let digits = from.get(2..).unwrap_or_default();
        let Some((first, mut rest)) = scan::hex_byte(digits) else {
            output.push(b'0');
            return from.get(1..).unwrap_or_default();
        };
        output.push(first);
        while let Some((byte, more)) = scan::hex_byte(rest) {
            output.push(byte);
            rest = more;
        }
        rest
    });
}

/// Whether `0x` occurs.
pub(super) fn has_prefix(input: &[u8]) -> bool {
    find_prefix(input).is_some()
}

/// Where `0x` begins.
fn find_prefix(bytes: &[u8]) -> Option<usize> {
    memchr2_iter(b'x', b'X', bytes)
        .filter_map(|at| at.checked_sub(1))
        .find(|&zero| bytes.get(zero) == Some(&b'0'))
}
