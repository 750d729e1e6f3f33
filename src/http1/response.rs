//! Response heads.

use crate::message::{ResponseHead, Span, Version};

use super::fields::{self, HeadLimits, Input, Line, Parsed};
use super::{HeadError, quick, scan};

/// Parses a response head from the front of `head.buffer`, as
/// [`parse_request`](super::parse_request) does.
///
/// # Errors
/// What is wrong with the first faulty line, or which limit the head exceeds.
pub fn parse_response(head: &mut ResponseHead, limits: &HeadLimits) -> Result<Parsed, HeadError> {
    let ResponseHead {
        buffer,
        head_len,
        status,
        reason_span,
        version,
        fields,
        progress,
    } = head;
    fields::with_padding(buffer, limits.max_head, |input| {
        let bytes = input.bytes;
        if !progress.has_line(bytes) {
            return fields::need_more(bytes, limits);
        }
        if !progress.in_fields {
            let Line::Whole(line, next) = StatusLine::read(input)? else {
                return fields::need_more(bytes, limits);
            };
            *version = line.version;
            *status = line.status;
            *reason_span = line.reason;
            progress.line = next;
            progress.in_fields = true;
        }
        match fields::section(input, progress, fields, limits.max_fields)? {
            Some(end) => {
                *head_len = end;
                Ok(Parsed::Complete)
            }
            None => fields::need_more(bytes, limits),
        }
    })
}

struct StatusLine {
    version: Version,
    status: u16,
    reason: Span,
}

impl StatusLine {
    #[inline(always)]
    fn read(input: Input<'_>) -> Result<Line<Self>, HeadError> {
        match quick::status_line(input.padded) {
            Some(line) => {
                let status_line = Self {
                    version: line.version,
                    status: line.status,
                    reason: fields::span(13, line.reason_end),
                };
                Ok(Line::Whole(status_line, line.next))
            }
            None => status_line(input.bytes),
        }
    }
}

/// Reads the status line. The space before an absent reason phrase may be absent too: many
/// servers leave it out, and nothing is ambiguous then.
fn status_line(bytes: &[u8]) -> Result<Line<StatusLine>, HeadError> {
    let Line::Whole(version, at) = fields::version(bytes, 0)? else {
        return Ok(Line::Cut);
    };
    let mut digits = 0;
    let mut status = 0;
    match bytes.get(at) {
        Some(b' ') => {}
        Some(_) => return Err(HeadError::Version),
        None => return Ok(Line::Cut),
    }
    while digits < 3 {
        match bytes.get(at + 1 + digits) {
            Some(byte @ b'0'..=b'9') => status = status * 10 + u16::from(byte - b'0'),
            Some(_) => return Err(HeadError::Status),
            None => return Ok(Line::Cut),
        }
        digits += 1;
    }
    if status < 100 {
        return Err(HeadError::Status);
    }
    let after = at + 4;
    let (start, end) = match bytes.get(after) {
        Some(b' ') => (after + 1, scan::value_end(bytes, after + 1)),
        Some(b'\r' | b'\n') => (after, after),
        Some(_) => return Err(HeadError::Status),
        None => return Ok(Line::Cut),
    };
    match bytes.get(end) {
        Some(b'\r' | b'\n') => {}
        Some(_) => return Err(HeadError::Status),
        None => return Ok(Line::Cut),
    }
    let line = StatusLine {
        version,
        status,
        reason: fields::span(start, end),
    };
    Ok(match fields::line_end(bytes, end)? {
        Line::Whole((), next) => Line::Whole(line, next),
        Line::Cut => Line::Cut,
    })
}
