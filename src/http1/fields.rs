//! Field lines, and what request and response heads share.

use crate::message::{FieldId, FieldSpan, Progress, Span, Version};

use super::quick::{self, Stop};
use super::{HeadError, scan};

/// How large a head may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// Bytes of the head, start line and blank line included; up to 4 GiB.
    pub max_head: usize,
    /// Field lines.
    pub max_fields: usize,
    /// Bytes of a request target.
    pub max_target: usize,
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self {
            max_head: 32 << 10,
            max_fields: 100,
            max_target: 8 << 10,
        }
    }
}

/// How far a head got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The head is complete; `head_len` says where it ends.
    Complete,
    /// More bytes have to be read.
    Partial,
}

/// One line, as far as it could be read.
pub(super) enum Line<T> {
    /// The line and where the next one starts.
    Whole(T, usize),
    /// The bytes end before the line does.
    Cut,
}

/// Reads field lines up to the empty line; gives the end of the head, or `None` if that is not here.
pub(super) fn section(
    input: Input<'_>,
    progress: &mut Progress,
    fields: &mut Vec<FieldSpan>,
    max_fields: usize,
) -> Result<Option<usize>, HeadError> {
    loop {
        match quick::field_lines(input.padded, progress.line, fields, max_fields) {
            Stop::End(end) => return Ok(Some(end)),
            Stop::Unusual(at) => progress.line = at,
        }
        match field_line(input.bytes, progress.line)? {
            Line::Whole(Some(field), next) => {
                if fields.len() >= max_fields {
                    return Err(HeadError::TooManyFields);
                }
                fields.push(field);
                progress.line = next;
            }
            Line::Whole(None, next) => return Ok(Some(next)),
            Line::Cut => {
                progress.searched = input.bytes.len();
                return Ok(None);
            }
        }
    }
}

/// What is parsed: the bytes that came, and the same with zeros after them if there is room, so
/// that blocks can be read up to the end.
#[derive(Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) padded: &'a [u8],
}

/// Calls `parse` on the first `max` bytes of `buffer`, but no more than a [`Span`] can name, padded
/// if that needs no allocation.
#[inline(always)]
pub(super) fn with_padding<T>(
    buffer: &mut Vec<u8>,
    max: usize,
    parse: impl FnOnce(Input<'_>) -> T,
) -> T {
    let max = max.min(u32::MAX as usize);
    let length = buffer.len();
    let mut window = length.min(max);
    if window == length && buffer.capacity() - length >= quick::WINDOW {
        buffer.extend_from_slice(&[0; quick::WINDOW]);
        window += quick::WINDOW;
    }
    let input = Input {
        bytes: buffer.get(..length.min(max)).unwrap_or_default(),
        padded: buffer.get(..window).unwrap_or_default(),
    };
    let result = parse(input);
    buffer.truncate(length);
    result
}

/// What an unfinished head comes to: wait, unless it already is too long.
pub(super) fn need_more(bytes: &[u8], limits: &HeadLimits) -> Result<Parsed, HeadError> {
    if bytes.len() >= limits.max_head.min(u32::MAX as usize) {
        Err(HeadError::HeadTooLarge)
    } else {
        Ok(Parsed::Partial)
    }
}

/// Reads the version at `at`.
pub(super) fn version(bytes: &[u8], at: usize) -> Result<Line<Version>, HeadError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some((name, _)) = rest.split_first_chunk::<8>() else {
        let shape = b"HTTP/#.#".iter().zip(rest);
        let mut fits = shape.map(|(&want, &is)| want == is || want == b'#' && is.is_ascii_digit());
        return if fits.all(|fit| fit) {
            Ok(Line::Cut)
        } else {
            Err(HeadError::Version)
        };
    };
    match name {
        b"HTTP/1.1" => Ok(Line::Whole(Version::Http11, at + 8)),
        b"HTTP/1.0" => Ok(Line::Whole(Version::Http10, at + 8)),
        // There has never been a major version 0 that says so.
        [b'H', b'T', b'T', b'P', b'/', b'1'..=b'9', b'.', b'0'..=b'9'] => {
            Err(HeadError::UnsupportedVersion)
        }
        _ => Err(HeadError::Version),
    }
}

/// A span of offsets into a head's buffer, of which no more than 4 GiB are read.
pub(super) fn span(start: usize, end: usize) -> Span {
    Span {
        start: start as u32,
        end: end as u32,
    }
}

/// Reads the field line at `at`; `None` is the empty line that ends the section.
pub(super) fn field_line(bytes: &[u8], at: usize) -> Result<Line<Option<FieldSpan>>, HeadError> {
    let name_end = scan::token_end(bytes, at);
    match bytes.get(name_end) {
        Some(b':') if name_end > at => {}
        None => return Ok(Line::Cut),
        Some(b'\r') if name_end == at => {
            return Ok(match line_end(bytes, at)? {
                Line::Whole((), next) => Line::Whole(None, next),
                Line::Cut => Line::Cut,
            });
        }
        Some(&byte) => return Err(name_fault(byte, name_end == at)),
    }
    let mut start = name_end + 1;
    while matches!(bytes.get(start), Some(b' ' | b'\t')) {
        start += 1;
    }
    let stop = scan::value_end(bytes, start);
    match bytes.get(stop) {
        Some(b'\r' | b'\n') => {}
        Some(_) => return Err(HeadError::FieldValue),
        None => return Ok(Line::Cut),
    }
    let Line::Whole((), next) = line_end(bytes, stop)? else {
        return Ok(Line::Cut);
    };
    let mut end = stop;
    while end > start && matches!(bytes.get(end - 1), Some(b' ' | b'\t')) {
        end -= 1;
    }
    let name = span(at, name_end);
    let field = FieldSpan {
        id: FieldId::from_name(name.of(bytes)),
        name,
        value: span(start, end),
    };
    Ok(Line::Whole(Some(field), next))
}

/// Reads the CR LF at `at`.
pub(super) fn line_end(bytes: &[u8], at: usize) -> Result<Line<()>, HeadError> {
    match (bytes.get(at), bytes.get(at + 1)) {
        (Some(b'\r'), Some(b'\n')) => Ok(Line::Whole((), at + 2)),
        (Some(b'\r'), None) | (None, _) => Ok(Line::Cut),
        (Some(b'\n'), _) => Err(HeadError::BareLf),
        (Some(_), _) => Err(HeadError::BareCr),
    }
}

fn name_fault(byte: u8, empty: bool) -> HeadError {
    match byte {
        b' ' | b'\t' if empty => HeadError::FoldedLine,
        b' ' | b'\t' => HeadError::BlankBeforeColon,
        b'\n' => HeadError::BareLf,
        _ => HeadError::FieldName,
    }
}
