//! The one canonical path.
//!
//! Two paths that a server may take for the same resource get the same canonical form, so that
//! whoever judges a path judges what the upstream will see:
//!
//! - Escapes of unreserved characters are decoded, once; what remains is upper-cased. Characters
//!   that RFC 3986 allows in no path (`"<>[]^{|}` and the back-tick) are escaped.
//! - Dot segments are resolved (RFC 3986 section 5.2.4), written `%2e` or not.
//! - Runs of slashes are merged, before dot segments are resolved, unless [`Slashes::Keep`] says
//!   otherwise. RFC 3986 gives empty segments a meaning of their own, but many servers do not, and a
//!   rule for `/admin` must hold for `//admin` too. Since the upstream gets the canonical path, there
//!   is no second reading of it.
//! - `%2F` and `%5C` stay escaped and separate nothing.
//! - A raw backslash is refused: the URL standard of browsers makes it a slash, RFC 3986 has no
//!   place for it, and no browser sends it. So are raw bytes over 0x7f, which must be escaped,
//!   control characters, `%00` and broken escapes.
//!
//! Invariant: the canonical form of a canonical path is the path itself. Non-goal: the query, which
//! is carried as sent.

use super::TargetError;
use super::block::{Block, WIDTH};

/// What becomes of runs of slashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slashes {
    /// They are one.
    #[default]
    Merge,
    /// Each separates elements, which may be empty (RFC 3986 section 3.3): for applications that
    /// have such paths. A rule for `/admin` does not hold for `//admin` then.
    Keep,
}

/// Where the path ends in a target of `length` bytes with which `bytes` begin: at the question mark
/// or at the target's end. `None` unless it is canonical and of the usual characters; whatever
/// follows the target in `bytes` lets this work in whole blocks.
pub(super) fn end_of_plain_path(bytes: &[u8], length: usize) -> Option<usize> {
    let mut at = 0;
    let mut after_slash = 0;
    for chunk in bytes.as_chunks::<WIDTH>().0 {
        let block = Block::new(chunk);
        let letters = block.folded().is_in(b'a', b'z') | block.is(b'_');
        let others = block.is_in(b'$', b';').without(block.is(b'%'));
        let stop = (!(letters | others).bits()).trailing_zeros() as usize;
        let slashes = block.is(b'/').bits();
        let wrong = (slashes | block.is(b'.').bits()) & (slashes << 1 | after_slash);
        let end = at + stop.min(WIDTH);
        if wrong.trailing_zeros() < (end.min(length) - at) as u32 {
            return None;
        }
        if end >= length {
            return Some(length);
        }
        if stop < WIDTH {
            return (chunk.get(stop) == Some(&b'?')).then_some(end);
        }
        after_slash = slashes >> (WIDTH - 1);
        at = end;
    }
    None
}

/// The canonical form of a path that configuration names, so that it compares with the paths of
/// requests.
///
/// # Errors
/// When no request has such a path: it does not start with a slash, holds a broken escape or a byte
/// that a path must not hold.
pub fn canonical_path(path: &str, slashes: Slashes) -> Result<String, TargetError> {
    let mut out = Vec::with_capacity(path.len());
    canonicalize(path.as_bytes(), slashes, &mut out)?;
    String::from_utf8(out).map_err(|_| TargetError::PathByte)
}

/// Appends the canonical form of `path`, which starts with a slash, to `out`. Tells whether an
/// escaped slash or backslash is in it.
pub(super) fn canonicalize(
    path: &[u8],
    slashes: Slashes,
    out: &mut Vec<u8>,
) -> Result<bool, TargetError> {
    let Some((b'/', segments)) = path.split_first() else {
        return Err(TargetError::Form);
    };
    let root = out.len() + 1;
    let mut encoded_slash = false;
    out.push(b'/');
    let mut segments = segments.split(|&b| b == b'/').peekable();
    while let Some(segment) = segments.next() {
        let start = out.len();
        encoded_slash |= append_segment(segment, out)?;
        match out.get(start..).unwrap_or_default() {
            b"" if slashes == Slashes::Merge => {}
            b"." => out.truncate(start),
            b".." => {
                let above = out.get(root..start.saturating_sub(1)).unwrap_or_default();
                let parent = above.iter().rposition(|&b| b == b'/').map_or(0, |i| i + 1);
                out.truncate(root + parent);
            }
            _ if segments.peek().is_some() => out.push(b'/'),
            _ => {}
        }
    }
    Ok(encoded_slash)
}

/// Appends the canonical form of one segment. Tells whether an escaped slash or backslash is in it.
fn append_segment(segment: &[u8], out: &mut Vec<u8>) -> Result<bool, TargetError> {
    let mut encoded_slash = false;
    let mut bytes = segment.iter();
    while let Some(&byte) = bytes.next() {
        match CLASSES[byte as usize] {
            Class::Plain => out.push(byte),
            Class::Escape => append_escape(byte, out),
            Class::Refuse => return Err(TargetError::PathByte),
            Class::Percent => {
                let (Some(high), Some(low)) = (hex(bytes.next()), hex(bytes.next())) else {
                    return Err(TargetError::Escape);
                };
                match high << 4 | low {
                    0 => return Err(TargetError::Nul),
                    byte if is_unreserved(byte) => out.push(byte),
                    byte => {
                        encoded_slash |= matches!(byte, b'/' | b'\\');
                        append_escape(byte, out);
                    }
                }
            }
        }
    }
    Ok(encoded_slash)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Stands for itself: `pchar` of RFC 3986 section 3.3, and the slash.
    Plain,
    /// Begins an escape.
    Percent,
    /// Must be escaped.
    Escape,
    /// Must not occur.
    Refuse,
}

const CLASSES: [Class; 256] = {
    let mut table = [Class::Refuse; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = match b {
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' | b':'
            | b'@' | b'/' => Class::Plain,
            b'%' => Class::Percent,
            b'"' | b'<' | b'>' | b'[' | b']' | b'^' | b'`' | b'{' | b'|' | b'}' => Class::Escape,
            _ if is_unreserved(b) => Class::Plain,
            _ => Class::Refuse,
        };
        byte += 1;
    }
    table
};

/// RFC 3986 section 2.3.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn hex(digit: Option<&u8>) -> Option<u8> {
    char::from(*digit?).to_digit(16).map(|value| value as u8)
}

fn append_escape(byte: u8, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let [high, low] = [byte >> 4, byte & 0xf].map(|nibble| DIGITS[nibble as usize]);
    out.extend_from_slice(&[b'%', high, low]);
}
