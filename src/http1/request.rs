//! Request heads.

use crate::message::{Method, RequestHead, Span, Version};

use super::fields::{self, HeadLimits, Input, Line, Parsed};
use super::{HeadError, quick, scan};

/// Longest method in bytes; the longest registered one has 17.
pub const MAX_METHOD: usize = 32;
/// How many empty lines before the request line are skipped (RFC 9112 section 2.2).
pub const MAX_EMPTY_LINES: usize = 2;

/// Parses a request head from the front of `head.buffer`.
///
/// On [`Parsed::Partial`] the caller appends bytes to the buffer and calls again: lines that were
/// parsed are not parsed again, and an unfinished line is not before its end has come. After a
/// refusal the method, the target and the fields before the fault remain in the head.
///
/// # Errors
/// What is wrong with the first faulty line, or which limit the head exceeds.
pub fn parse_request(head: &mut RequestHead, limits: &HeadLimits) -> Result<Parsed, HeadError> {
    let RequestHead {
        buffer,
        head_len,
        method,
        method_span,
        target_span,
        version,
        fields,
        progress,
    } = head;
    fields::with_padding(buffer, limits.max_head, |input| {
        let bytes = input.bytes;
        let unfinished = bytes.len().saturating_sub(progress.line);
        let must_parse = !progress.in_fields && unfinished > limits.max_target;
        if !must_parse && !progress.has_line(bytes) {
            return fields::need_more(bytes, limits);
        }
        if !progress.in_fields {
            let mut line = RequestLine::default();
            let outcome = line.read(input, limits);
            *method = line.method;
            *method_span = line.method_span;
            *target_span = line.target_span;
            *version = line.version;
            let Line::Whole((), next) = outcome? else {
                return fields::need_more(bytes, limits);
            };
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

#[derive(Default)]
struct RequestLine {
    method: Method,
    method_span: Span,
    target_span: Span,
    version: Version,
}

impl RequestLine {
    #[inline(always)]
    fn read(&mut self, input: Input<'_>, limits: &HeadLimits) -> Result<Line<()>, HeadError> {
        match quick::request_line(input.padded) {
            Some(line) if line.target_end - line.method_end - 1 <= limits.max_target => {
                *self = Self {
                    method: line.method,
                    method_span: fields::span(0, line.method_end),
                    target_span: fields::span(line.method_end + 1, line.target_end),
                    version: line.version,
                };
                Ok(Line::Whole((), line.next))
            }
            _ => self.read_bytewise(input.bytes, limits),
        }
    }

    fn read_bytewise(&mut self, bytes: &[u8], limits: &HeadLimits) -> Result<Line<()>, HeadError> {
        let Some(start) = skip_empty_lines(bytes)? else {
            return Ok(Line::Cut);
        };
        let method_end = scan::token_end(bytes, start);
        if method_end - start > MAX_METHOD {
            return Err(HeadError::MethodTooLong);
        }
        self.method_span = fields::span(start, method_end);
        self.method = Method::from_bytes(self.method_span.of(bytes));
        match bytes.get(method_end) {
            Some(b' ') if method_end > start => {}
            Some(_) => return Err(HeadError::Method),
            None => return Ok(Line::Cut),
        }
        let target_start = method_end + 1;
        let target_end = scan::target_end(bytes, target_start);
        if target_end - target_start > limits.max_target {
            return Err(HeadError::TargetTooLong);
        }
        self.target_span = fields::span(target_start, target_end);
        match bytes.get(target_end) {
            Some(b' ') if target_end > target_start => {}
            Some(b'\r') if target_end > target_start => return no_version(bytes, target_end),
            Some(_) => return Err(HeadError::Target),
            None => return Ok(Line::Cut),
        }
        if bytes.get(target_end + 1) == Some(&b'\r') {
            return no_version(bytes, target_end + 1);
        }
        match fields::version(bytes, target_end + 1)? {
            Line::Whole(version, next) => {
                self.version = version;
                match bytes.get(next) {
                    Some(b'\r' | b'\n') | None => fields::line_end(bytes, next),
                    Some(_) => Err(HeadError::Version),
                }
            }
            Line::Cut => Ok(Line::Cut),
        }
    }
}

/// What a carriage return at `at` means in the place of a version.
fn no_version(bytes: &[u8], at: usize) -> Result<Line<()>, HeadError> {
    match bytes.get(at + 1) {
        Some(b'\n') => Err(HeadError::NoVersion),
        Some(_) => Err(HeadError::Version),
        None => Ok(Line::Cut),
    }
}

/// Where the request line starts; `None` if that is not known yet.
fn skip_empty_lines(bytes: &[u8]) -> Result<Option<usize>, HeadError> {
    let mut at = 0;
    for _ in 0..=MAX_EMPTY_LINES {
        match bytes.get(at) {
            Some(b'\r' | b'\n') => {}
            Some(_) => return Ok(Some(at)),
            None => return Ok(None),
        }
        let Line::Whole((), next) = fields::line_end(bytes, at)? else {
            return Ok(None);
        };
        at = next;
    }
    Err(HeadError::Method)
}
