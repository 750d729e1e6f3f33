//! `htmlEntityDecode`.
//!
//! Invariant: each reference stands for one byte, since upstreams' charsets are not known. Non-goal:
//! the two thousand names of HTML; ModSecurity has these five.

use memchr::memchr;

use super::scan::{self, NBSP};

const NAMES: [(&[u8], u8); 5] = [
    (b"quot", b'"'),
    (b"amp", b'&'),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"nbsp", NBSP),
];

/// Decodes `&name;`, `&#N;` and `&#xH;`, with or without the semicolon. Names are read in any case
/// and end before what is no letter or digit; of numbers the lower byte counts.
pub(super) fn decode(input: &[u8], output: &mut Vec<u8>) {
    let find = |bytes: &[u8]| memchr(b'&', bytes);
    scan::rewrite(input, output, find, |from, output| {
        let after = from.get(1..).unwrap_or_default();
        let (byte, rest) = reference(after).unwrap_or((b'&', after));
        output.push(byte);
        rest
    });
}

/// The byte of a reference whose ampersand is taken off, and what follows the reference.
fn reference(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (byte, rest) = match bytes {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => name(bytes)?,
    };
    Some((byte, rest.strip_prefix(b";").unwrap_or(rest)))
}

fn name(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let end = bytes.iter().position(|b| !b.is_ascii_alphanumeric());
    let (name, rest) = bytes.split_at_checked(end.unwrap_or(bytes.len()))?;
    let (_, byte) = NAMES
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some((*byte, rest))
}

/// The lower byte of a number. What does not fit a C `long` is, as in C, the greatest that does.
fn number(mut digits: &[u8], radix: u32) -> Option<(u8, &[u8])> {
    let mut value = None;
    while let [byte, rest @ ..] = digits
        && let Some(digit) = char::from(*byte).to_digit(radix)
    {
        let so_far: i64 = value.unwrap_or(0);
        let next = so_far.checked_mul(i64::from(radix));
        let next = next.and_then(|next| next.checked_add(i64::from(digit)));
        value = Some(next.unwrap_or(i64::MAX));
        digits = rest;
    }
    Some((value? as u8, digits))
}
