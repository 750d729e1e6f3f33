//! The two heads: a request's and a response's.

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
