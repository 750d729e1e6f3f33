//! `utf8toUnicode`.
//!
//! Invariant: the output has no zero byte and at most seven bytes for two of the input. Non-goal:
//! refusing what is no UTF-8; `validateUtf8Encoding` does.

use super::byte_set::ByteSet;
use super::hex;
use super::scan;

/// Bytes that do not stand for themselves: zero, and those that begin a longer sequence.
pub(super) const SPECIAL: ByteSet = ByteSet::range(0xc0, 0xf7).with(0);

/// Writes each character outside of ASCII as `%uHHHH`, with more digits where it needs them.
///
/// As in ModSecurity, zero bytes and the first byte of a broken sequence go; the first byte of a
/// sequence is kept besides where the sequence is too long for its character, gives a surrogate or
/// begins with a byte over 0xf4.
pub(super) fn to_unicode(input: &[u8], output: &mut Vec<u8>) {
    let find = |bytes: &[u8]| SPECIAL.find(bytes);
    scan::rewrite(input, output, find, |from, output| {
        let Some((&lead, rest)) = from.split_first() else {
            return from;
        };
        if lead >= 0xf5 {
            output.push(lead);
        }
        let Some((code, least, rest)) = sequence(lead, rest) else {
            return rest;
        };
        write(code, output);
        if (0xd800..=0xdfff).contains(&code) {
            output.push(lead);
        }
        if code < least {
            output.push(lead);
        }
        rest
    });
}

/// The code point of a sequence whose first byte is taken off, the least that needs so many bytes,
/// and what follows.
fn sequence(lead: u8, bytes: &[u8]) -> Option<(u32, u32, &[u8])> {
    let (first, length, least) = match lead {
        0xc0..=0xdf => (lead & 0x1f, 1, 0x80),
        0xe0..=0xef => (lead & 0x0f, 2, 0x800),
        0xf0..=0xf7 => (lead & 0x07, 3, 0x1_0000),
        _ => return None,
    };
    let (continuation, rest) = bytes.split_at_checked(length)?;
    let code = continuation
        .iter()
        .try_fold(u32::from(first), |code, byte| {
            (byte & 0xc0 == 0x80).then_some(code << 6 | u32::from(byte & 0x3f))
        })?;
    Some((code, least, rest))
}

fn write(code: u32, output: &mut Vec<u8>) {
    output.extend_from_slice(b"%u");
    let digits = code.checked_ilog(16).map_or(1, |log| log + 1).max(4);
    for place in (0..digits).rev() {
        output.push(hex::digits((code >> (place * 4) & 0xf) as u8)[1]);
    }
}
