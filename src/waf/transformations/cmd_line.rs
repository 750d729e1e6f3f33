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
        for &byte in input {
            match kind(byte) {
                Kind::Plain => output.push(byte.to_ascii_lowercase()),
                Kind::Gone => {}
                // No other byte becomes a space.
                Kind::Blank => output.push_if(b' ', output.last() != Some(b' ')),
                Kind::Tight => {
                    if output.last() == Some(b' ') {
                        output.pop();
                    }
                    output.push(byte);
                }
            }
        }
    });
}

/// What becomes of a byte.
#[derive(Clone, Copy)]
enum Kind {
    /// Itself, in lower case.
    Plain,
    /// Nothing.
    Gone,
    /// A space, or a part of one.
    Blank,
    /// Itself, without a space before it.
    Tight,
}

#[inline]
fn kind(byte: u8) -> Kind {
    const KINDS: &[Kind; 256] = &{
        let mut kinds = [Kind::Plain; 256];
        let mut rest: &mut [Kind] = &mut kinds;
        let mut byte = 0_u8;
        while let [kind, behind @ ..] = rest {
            *kind = match byte {
                b'"' | b'\'' | b'\\' | b'^' => Kind::Gone,
                b' ' | b',' | b';' | b'\t' | b'\r' | b'\n' => Kind::Blank,
                b'/' | b'(' => Kind::Tight,
                _ => Kind::Plain,
            };
            byte = byte.wrapping_add(1);
            rest = behind;
        }
        kinds
    };
    KINDS.get(usize::from(byte)).copied().unwrap_or(Kind::Plain)
}
