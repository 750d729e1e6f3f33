//! `urlDecode`, `urlDecodeUni`, `urlEncode`.
//!
//! Invariant: an escape that is broken stands for itself. Non-goal: which of several readings of an
//! escape an upstream has; rules look at more than one.

use memchr::memchr2;

use super::{best_fit, scan};

/// Decodes `%HH` and `+`.
pub(super) fn decode(input: &[u8], output: &mut Vec<u8>) {
    scan::rewrite(input, output, find_escape, |from, output| match from {
        [b'+', rest @ ..] => {
            output.push(b' ');
            rest
        }
        [byte, rest @ ..] => {
            let (byte, rest) = scan::hex_byte(rest).unwrap_or((*byte, rest));
            output.push(byte);
            rest
        }
        [] => from,
    });
}

/// Decodes `%HH`, `+` and what Microsoft's server has besides, `%uHHHH`.
pub(super) fn decode_unicode(input: &[u8], output: &mut Vec<u8>) {
    scan::rewrite(input, output, find_escape, |from, output| match from {
        [b'+', rest @ ..] => {
            output.push(b' ');
            rest
        }
        [_, b'u' | b'U', code @ ..] => match scan::hex_code(code) {
            Some((code, rest)) => {
                output.push(best_fit::ascii(code));
                rest
            }
            None => {
                output.push(b'%');
                from.get(1..).unwrap_or_default()
            }
        },
        [byte, rest @ ..] => {
            let (byte, rest) = scan::hex_byte(rest).unwrap_or((*byte, rest));
            output.push(byte);
            rest
        }
        [] => from,
    });
}

/// Where the next escape is. One often follows another at once.
#[inline]
fn find_escape(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [b'%' | b'+', ..] => Some(0),
        [_, b'%' | b'+', ..] => Some(1),
        _ => memchr2(b'%', b'+', bytes),
    }
}

/// Encodes all but ASCII letters, digits and `*`; a space becomes a plus sign.
pub(super) fn encode(input: &[u8], output: &mut Vec<u8>) {
    for &byte in input {
        match byte {
            b' ' => output.push(b'+'),
            b'*' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => output.push(byte),
            _ => {
                let [high, low] = super::hex::digits(byte);
                output.extend_from_slice(&[b'%', high, low]);
            }
        }
    }
}
