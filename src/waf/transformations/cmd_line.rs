//! `cmdLine`: what shells see as the same command line.
//!
//! Invariant: the output has no upper case, quotes or runs of spaces. Non-goal: a shell's grammar.
//! Unlike version 2 of ModSecurity, and like its version 3, a zero byte ends nothing: what follows
//! one would pass unseen.

use super::byte_set::ByteSet;
use super::scan::Shrinking;

/// Bytes that may not stand for themselves.
pub(super) const SPECIAL: ByteSet =
    ByteSet::of(b"\"'\\^ ,;\t\r\n").union(ByteSet::range(b'A', b'Z'));

/// Takes out quotes, backslashes and carets; makes one space of runs of white space, commas and
/// semicolons, and none before a slash or parenthesis; writes letters small.
pub(super) fn normalize(input: &[u8], output: &mut Vec<u8>) {
    Shrinking::fill(output, input.len(), |output| {
        let mut spaced = false;
        for &byte in input {
            match byte {
                b'"' | b'\'' | b'\\' | b'^' => {}
                b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => {
                    if !spaced {
                        output.push(b' ');
                    }
                    spaced = true;
                }
                _ => {
                    if spaced && matches!(byte, b'/' | b'(') {
                        output.pop();
                    }
                    output.push(byte.to_ascii_lowercase());
                    spaced = false;
                }
            }
        }
    });
}
