//! The two heads: a request's and a response's.

use std::ops::Range;

use super::{FieldId, FieldRef, FieldSpan, Method, Span};

/// The protocol version a message was sent with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    #[default]
    Http11,
    /// HTTP/2
    Http2,
}

impl Version {
    /// The name as it stands in logs and metrics, for example `HTTP/1.1`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2.0",
        }
    }
}

/// A request head and the buffer that it was read into.
///
/// `buffer` may hold more than the head: what the client sent after it (body bytes, the next
/// pipelined request) follows at `head_len`. One value serves many requests in turn, so that a
/// connection allocates nothing once its buffers have grown.
#[derive(Clone, Debug, Default)]
pub struct RequestHead {
    /// Bytes as they came.
    pub buffer: Vec<u8>,
    /// How many bytes of `buffer` are the head, its blank line included; 0 until it is complete.
    pub head_len: usize,
    /// The method, classified.
    pub method: Method,
    /// The method as sent.
    pub method_span: Span,
    /// The request target as sent.
    pub target_span: Span,
    /// The version of the request line.
    pub version: Version,
    /// The fields, in the order sent, with blanks around values already excluded.
    pub fields: Vec<FieldSpan>,
    pub(crate) progress: Progress,
}

/// A response head and the buffer that it was read into; see [`RequestHead`].
#[derive(Clone, Debug, Default)]
pub struct ResponseHead {
    /// Bytes as they came.
    pub buffer: Vec<u8>,
    /// How many bytes of `buffer` are the head, its blank line included; 0 until it is complete.
    pub head_len: usize,
    /// The status code, 100 to 999.
    pub status: u16,
    /// The reason phrase, possibly empty.
    pub reason_span: Span,
    /// The version of the status line.
    pub version: Version,
    /// The fields, in the order sent, with blanks around values already excluded.
    pub fields: Vec<FieldSpan>,
    pub(crate) progress: Progress,
}

/// How far the parser got with a head that has not come whole.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// Where the first line starts that was not parsed.
    pub(crate) line: usize,
    /// Up to where that line was searched for its end; 0 before the first attempt.
    pub(crate) searched: usize,
    /// Whether the start line is parsed.
    pub(crate) in_fields: bool,
}

impl Progress {
    /// Whether it pays to parse: on the first attempt, and once a line has ended since.
    pub(crate) fn has_line(&mut self, bytes: &[u8]) -> bool {
        if self.searched == 0 {
            self.searched = bytes.len();
            return true;
        }
        let fresh = bytes.get(self.searched..).unwrap_or_default();
        self.searched = bytes.len();
        memchr::memchr(b'\n', fresh).is_some()
    }
}

impl RequestHead {
    /// The method as sent.
    pub fn method_bytes(&self) -> &[u8] {
        self.method_span.of(&self.buffer)
    }

    /// The request target as sent.
    pub fn target(&self) -> &[u8] {
        self.target_span.of(&self.buffer)
    }

    /// What the client sent after the head: body bytes or a pipelined request.
    pub fn rest(&self) -> &[u8] {
        self.buffer.get(self.head_len..).unwrap_or_default()
    }

    /// The fields in the order sent.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.buffer, &self.fields)
    }

    /// The value of the first field with this id.
    pub fn find(&self, id: FieldId) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|f| f.id == id)
            .map(|f| f.value.of(&self.buffer))
    }

    /// Leaves one field of all with this id, the first, and gives it another value; `None` leaves none.
    /// `value` has nothing that ends a line. What was sent after the head stays.
    pub fn replace(&mut self, id: FieldId, value: Option<&[u8]>) {
        let first = self.fields.iter().position(|field| field.id == id);
        for place in (0..self.fields.len()).rev() {
            let Some(field) = self.fields.get(place).filter(|field| field.id == id) else {
                continue;
            };
            let next = self
                .fields
                .get(place + 1)
                .map(|next| next.name.start as usize);
            let end = next.unwrap_or(self.head_len.saturating_sub(2));
            let start = field.name.start as usize;
            let Some(value) = value.filter(|_| first == Some(place)) else {
                self.fields.remove(place);
                self.splice(start..end, b"");
                continue;
            };
            let name = field.name.of(&self.buffer);
            let name_end = start + name.len();
            let line = [name, b": ", value, b"\r\n"].concat();
            self.splice(start..end, &line);
            if let Some(field) = self.fields.get_mut(place) {
                field.name = span(start, name_end);
                field.value = span(name_end + 2, name_end + 2 + value.len());
            }
        }
    }

    /// Puts other bytes in a place of the head, and moves the fields behind it.
    fn splice(&mut self, range: Range<usize>, bytes: &[u8]) {
        let Self {
            buffer,
            head_len,
            fields,
            ..
        } = self;
        let moved = |place: usize| (place + bytes.len()).saturating_sub(range.len());
        let behind = fields
            .iter_mut()
            .filter(|field| field.name.start as usize >= range.end);
        for field in behind {
            for place in [&mut field.name, &mut field.value] {
                *place = span(moved(place.start as usize), moved(place.end as usize));
            }
        }
        *head_len = moved(*head_len);
        buffer.splice(range, bytes.iter().copied());
    }

    /// Forgets the head but keeps the bytes after it, moved to the front, and all capacity.
    pub fn advance(&mut self) {
        self.buffer.drain(..self.head_len.min(self.buffer.len()));
        self.reset_spans();
    }

    /// Forgets everything and keeps the capacity.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.reset_spans();
    }

    fn reset_spans(&mut self) {
        let Self {
            buffer: _,
            head_len,
            method,
            method_span,
            target_span,
            version,
            fields,
            progress,
        } = self;
        *progress = Progress::default();
        *head_len = 0;
        *method = Method::default();
        *method_span = Span::default();
        *target_span = Span::default();
        *version = Version::default();
        fields.clear();
    }
}

impl ResponseHead {
    /// The reason phrase, possibly empty.
    pub fn reason(&self) -> &[u8] {
        self.reason_span.of(&self.buffer)
    }

    /// What the server sent after the head.
    pub fn rest(&self) -> &[u8] {
        self.buffer.get(self.head_len..).unwrap_or_default()
    }

    /// The fields in the order sent.
    pub fn fields(&self) -> Fields<'_> {
        Fields::new(&self.buffer, &self.fields)
    }

    /// The value of the first field with this id.
    pub fn find(&self, id: FieldId) -> Option<&[u8]> {
        self.fields
            .iter()
            .find(|f| f.id == id)
            .map(|f| f.value.of(&self.buffer))
    }

    /// Forgets the head but keeps the bytes after it, moved to the front, and all capacity.
    pub fn advance(&mut self) {
        self.buffer.drain(..self.head_len.min(self.buffer.len()));
        self.reset_spans();
    }

    /// Forgets everything and keeps the capacity.
    pub fn clear(&mut self) {
        self.buffer.clear();
        self.reset_spans();
    }

    fn reset_spans(&mut self) {
        let Self {
            buffer: _,
            head_len,
            status,
            reason_span,
            version,
            fields,
            progress,
        } = self;
        *progress = Progress::default();
        *head_len = 0;
        *status = 0;
        *reason_span = Span::default();
        *version = Version::default();
        fields.clear();
    }
}

/// Iterates over a head's fields in the order sent.
#[derive(Clone, Debug, Default)]
pub struct Fields<'a> {
    buffer: &'a [u8],
    spans: std::slice::Iter<'a, FieldSpan>,
}

impl<'a> Fields<'a> {
    pub(crate) fn new(buffer: &'a [u8], spans: &'a [FieldSpan]) -> Self {
        Self {
            buffer,
            spans: spans.iter(),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = FieldRef<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let span = self.spans.next()?;
        Some(FieldRef {
            id: span.id,
            name: span.name.of(self.buffer),
            value: span.value.of(self.buffer),
        })
    }
}

/// A span of a head, whose length fits 32 bits.
fn span(start: usize, end: usize) -> Span {
    Span {
        start: start as u32,
        end: end as u32,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::http1::{HeadLimits, Parsed, parse_request};

    fn head(text: &str) -> RequestHead {
        let mut head = RequestHead {
            buffer: text.as_bytes().to_vec(),
            ..RequestHead::default()
        };
        let parsed = parse_request(&mut head, &HeadLimits::default());
        assert_eq!(parsed, Ok(Parsed::Complete), "{text}");
        head
    }

    #[test]
    fn a_field_in_another_value_leaves_the_head_as_if_it_had_been_sent_so() {
        for (fields, value, expected) in [
            (
                "Cookie: a=b\r\nX: 1\r\n",
                Some("c"),
                "Cookie: c\r\nX: 1\r\n",
            ),
            (
                "Cookie: a\r\nX: 1\r\n",
                Some("long=er"),
                "Cookie: long=er\r\nX: 1\r\n",
            ),
            ("Cookie: a=b\r\nX: 1\r\n", None, "X: 1\r\n"),
            (
                "X: 1\r\ncookie:\t a=b \r\n",
                Some("c"),
                "X: 1\r\ncookie: c\r\n",
            ),
            ("X: 1\r\nCookie: a=b\r\n", None, "X: 1\r\n"),
            (
                "Cookie: a\r\nX: 1\r\nCookie: b\r\nY: 2\r\nCookie: c\r\n",
                Some("a; b; c"),
                "Cookie: a; b; c\r\nX: 1\r\nY: 2\r\n",
            ),
            (
                "Cookie:\r\nCookie: c\r\nY:\r\n",
                Some("c"),
                "Cookie: c\r\nY:\r\n",
            ),
            ("Cookie:\r\nY:\r\n", None, "Y:\r\n"),
            ("X: 1\r\n", Some("c"), "X: 1\r\n"),
        ] {
            let mut found = head(&format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\nrest"));
            found.replace(FieldId::Cookie, value.map(str::as_bytes));
            let expected = head(&format!("GET / HTTP/1.1\r\nHost: a\r\n{expected}\r\nrest"));
            let text = |head: &RequestHead| String::from_utf8_lossy(&head.buffer).into_owned();
            assert_eq!(text(&found), text(&expected));
            assert_eq!(found.head_len, expected.head_len, "{fields}");
            assert_eq!(found.rest(), b"rest");
            assert!(found.fields().eq(expected.fields()), "{fields}");
        }
    }
}
