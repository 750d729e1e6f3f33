//! The usual lines, sixteen bytes at a time.
//!
//! Invariant: what is read here is read alike by the byte-wise readers, to which everything unusual
//! is left. Non-goal: saying what is wrong.

use crate::message::block::{Block, WIDTH};
use crate::message::{FieldId, FieldSpan, Method, Version};

use super::fields::span;
use super::scan;

/// How many bytes must follow the start of a line for it to be read here.
pub(super) const WINDOW: usize = 64;

/// Longest name: it lies in two blocks, and one more after its colon is within the window.
const MAX_NAME: usize = 2 * WIDTH - 1;

/// A request line.
pub(super) struct RequestLine {
    pub(super) method: Method,
    pub(super) method_end: usize,
    pub(super) target_end: usize,
    pub(super) version: Version,
    pub(super) next: usize,
}

/// Reads a request line at the front of `bytes` that has a known method.
#[inline(always)]
pub(super) fn request_line(bytes: &[u8]) -> Option<RequestLine> {
    let first = bytes.first_chunk::<WIDTH>()?;
    let (method, method_end) = if first.starts_with(b"GET ") {
        (Method::Get, 3)
    } else {
        let end = Block::new(first).is(b' ').bits().trailing_zeros() as usize;
        (Method::from_bytes(first.get(..end)?), end)
    };
    if method == Method::Other {
        return None;
    }
    let target_end = scan::first_flagged(bytes, method_end + 1, scan::not_target)?;
    let after_target: &[u8; 11] = bytes.get(target_end..)?.first_chunk()?;
    let version = if after_target == b" HTTP/1.1\r\n" {
        Version::Http11
    } else if after_target == b" HTTP/1.0\r\n" {
        Version::Http10
    } else {
        return None;
    };
    (target_end > method_end + 1).then_some(RequestLine {
        method,
        method_end,
        target_end,
        version,
        next: target_end + 11,
    })
}

/// A status line. The reason phrase starts at 13.
pub(super) struct StatusLine {
    pub(super) version: Version,
    pub(super) status: u16,
    pub(super) reason_end: usize,
    pub(super) next: usize,
}

/// Reads a status line at the front of `bytes`.
#[inline(always)]
pub(super) fn status_line(bytes: &[u8]) -> Option<StatusLine> {
    let (version, [a, b, c]) = match bytes.first_chunk::<13>()? {
        [
            b'H',
            b'T',
            b'T',
            b'P',
            b'/',
            b'1',
            b'.',
            minor,
            b' ',
            a,
            b,
            c,
            b' ',
        ] => {
            let version = match minor {
                b'1' => Version::Http11,
                b'0' => Version::Http10,
                _ => return None,
            };
            (
                version,
                [a, b, c].map(|digit| u16::from(digit.wrapping_sub(b'0'))),
            )
        }
        _ => return None,
    };
    let reason_end = scan::first_flagged(bytes, 13, scan::controls)?;
    let is_usual = (1..=9).contains(&a) && b <= 9 && c <= 9;
    (is_usual && ends_line(bytes, reason_end)).then_some(StatusLine {
        version,
        status: a * 100 + b * 10 + c,
        reason_end,
        next: reason_end + 2,
    })
}

/// Where [`field_lines`] stopped.
pub(super) enum Stop {
    /// At a line that it does not read, which starts here.
    Unusual(usize),
    /// After the empty line, which ends here.
    End(usize),
}

/// Reads lines from `at` on as long as they are fields with a name of at most 31 letters, digits
/// and hyphens, one space after the colon, and a value that is not empty and has no tabs, nor a
/// space at its end; at most up to `max` fields.
pub(super) fn field_lines(
    bytes: &[u8],
    mut at: usize,
    fields: &mut Vec<FieldSpan>,
    max: usize,
) -> Stop {
    let mut rest = bytes.get(at..).unwrap_or_default();
    while let Some(window) = rest.first_chunk::<WINDOW>()
        && let Some(line) = window.first_chunk::<WIDTH>()
        && fields.len() < max
    {
        let block = Block::new(line);
        let colons = block.is(b':').bits();
        let (length, id) = if colons != 0 {
            let length = colons.trailing_zeros() as usize;
            match FieldId::from_short_name(line, length) {
                Some(id) => (length, id),
                None if length > 0 && scan::is_plain_name(block, length) => {
                    (length, FieldId::Other)
                }
                None => break,
            }
        } else if line.starts_with(b"\r\n") {
            return Stop::End(at + 2);
        } else if let Some(name) = long_name(window) {
            (
                name.len(),
                FieldId::from_long_name(name).unwrap_or(FieldId::Other),
            )
        } else {
            break;
        };
        // The name has at most 31 bytes; the mask shows the compiler that no check is needed.
        let after_colon = (length & MAX_NAME) + 1;
        let Some(chunk) = window.get(after_colon..).and_then(<[u8]>::first_chunk) else {
            break;
        };
        let controls = scan::controls(Block::new(chunk));
        let end = if controls != 0 {
            after_colon + controls.trailing_zeros() as usize
        } else if let Some(end) = scan::first_flagged(rest, after_colon + WIDTH, scan::controls) {
            end
        } else {
            break;
        };
        let Some((before_end, line_end)) = rest.get(end - 1..).and_then(<[u8]>::split_first) else {
            break;
        };
        let Some((b"\r\n", next)) = line_end.split_first_chunk() else {
            break;
        };
        if chunk[0] != b' ' || chunk[1] <= b' ' || *before_end == b' ' {
            break;
        }
        fields.push(FieldSpan {
            id,
            name: span(at, at + length),
            value: span(at + after_colon + 1, at + end),
        });
        at += end + 2;
        rest = next;
    }
    Stop::Unusual(at)
}

/// The name of 16 to 31 letters, digits and hyphens that the line begins with.
#[inline(never)]
fn long_name(window: &[u8; WINDOW]) -> Option<&[u8]> {
    let (first, rest) = window.split_first_chunk::<WIDTH>()?;
    let second = Block::new(rest.first_chunk()?);
    let colons = second.is(b':').bits();
    let more = colons.trailing_zeros() as usize;
    let is_plain = colons != 0
        && scan::is_plain_name(Block::new(first), WIDTH)
        && scan::is_plain_name(second, more);
    window.get(..WIDTH + more).filter(|_| is_plain)
}

#[inline(always)]
fn ends_line(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..).and_then(<[u8]>::first_chunk) == Some(b"\r\n")
}
