//! Why a head or a body is refused.

use thiserror::Error;

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum HeadError {
    /// The method is empty or no token (RFC 9112 section 3.1).
    #[error("the method is not a token")]
    Method,
    /// The method is longer than [`MAX_METHOD`](super::MAX_METHOD).
    #[error("the method is too long")]
    MethodTooLong,
    /// The request target is empty or holds a byte outside visible ASCII, or `#` (RFC 9112
    /// section 3.2; RFC 3986 leaves no place for a fragment there).
    #[error("the request target holds a byte that is not allowed there")]
    Target,
    /// The request target is longer than [`HeadLimits::max_target`](super::HeadLimits).
    #[error("the request target is too long")]
    TargetTooLong,
    /// The request or status line does not name a version (RFC 9112 section 2.3).
    #[error("the start line names no HTTP version")]
    Version,
    /// The request line ends with its target, as those of HTTP/0.9 did (RFC 1945 section 4.1): whoever
    /// sent it knows no head of an answer.
    #[error("the request line names no HTTP version, as in HTTP/0.9")]
    NoVersion,
    /// The version is well-formed, but neither HTTP/1.0 nor HTTP/1.1.
    #[error("the HTTP version is not supported")]
    UnsupportedVersion,
    /// The status code is not three digits of which the first is not 0, or something else than a
    /// reason phrase follows it (RFC 9112 section 4).
    #[error("the status line is malformed")]
    Status,
    /// A field name is empty or no token (RFC 9110 section 5.1).
    #[error("a field name is not a token")]
    FieldName,
    /// Blanks stand between a field name and its colon (RFC 9112 section 5.1).
    #[error("a field name is followed by blanks")]
    BlankBeforeColon,
    /// A line begins with a blank: line folding (RFC 9112 section 5.2).
    #[error("a field line is folded")]
    FoldedLine,
    /// A field value holds a control byte (RFC 9110 section 5.5).
    #[error("a field value holds a control byte")]
    FieldValue,
    /// A carriage return without its line feed (RFC 9112 section 2.2).
    #[error("a carriage return stands alone")]
    BareCr,
    /// A line feed without its carriage return (RFC 9112 section 2.2).
    #[error("a line feed stands alone")]
    BareLf,
    /// The head is longer than [`HeadLimits::max_head`](super::HeadLimits).
    #[error("the head is too large")]
    HeadTooLarge,
    /// The head has more fields than [`HeadLimits::max_fields`](super::HeadLimits).
    #[error("the head has too many fields")]
    TooManyFields,
    /// An HTTP/1.1 request without `Host` (RFC 9112 section 3.2).
    #[error("the request has no Host field")]
    NoHost,
    /// More than one `Host` (RFC 9112 section 3.2).
    #[error("the request has more than one Host field")]
    RepeatedHost,
    /// `Content-Length` is no decimal number that fits 64 bits (RFC 9112 section 6.3).
    #[error("Content-Length is not a number")]
    ContentLength,
    /// `Content-Length` occurs more than once, even with equal values.
    #[error("Content-Length is repeated")]
    RepeatedContentLength,
    /// Both `Content-Length` and `Transfer-Encoding` (RFC 9112 section 6.1).
    #[error("Content-Length and Transfer-Encoding exclude each other")]
    LengthAndCoding,
    /// `Transfer-Encoding` is anything but one `chunked` (RFC 9112 section 6.1).
    #[error("Transfer-Encoding is not exactly chunked")]
    TransferEncoding,
    /// `Transfer-Encoding` in an HTTP/1.0 message (RFC 9112 section 6.1).
    #[error("HTTP/1.0 has no Transfer-Encoding")]
    CodingInHttp10,
    /// The `Connection` fields list more than
    /// [`MAX_CONNECTION_OPTIONS`](super::MAX_CONNECTION_OPTIONS) options.
    #[error("Connection lists too many options")]
    TooManyConnectionOptions,
    /// A response that cannot have a body announces one (RFC 9110 section 8.6, RFC 9112
    /// section 6.1).
    #[error("a response without a body announces one")]
    UnexpectedBody,
}

impl HeadError {
    /// The status that answers a request head refused so. A response head refused for whatever
    /// reason is the upstream's fault: 502.
    pub const fn status(self) -> u16 {
        match self {
            Self::Method
            | Self::Target
            | Self::Version
            | Self::NoVersion
            | Self::Status
            | Self::FieldName
            | Self::BlankBeforeColon
            | Self::FoldedLine
            | Self::FieldValue
            | Self::BareCr
            | Self::BareLf
            | Self::NoHost
            | Self::RepeatedHost
            | Self::ContentLength
            | Self::RepeatedContentLength
            | Self::LengthAndCoding
            | Self::TransferEncoding
            | Self::CodingInHttp10
            | Self::TooManyConnectionOptions
            | Self::UnexpectedBody => 400,
            Self::TargetTooLong => 414,
            Self::HeadTooLarge | Self::TooManyFields => 431,
            Self::MethodTooLong => 501,
            Self::UnsupportedVersion => 505,
        }
    }
}

/// Why a body is refused. The connection that it came on cannot be used any further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
pub enum BodyError {
    /// A chunk does not begin with hexadecimal digits (RFC 9112 section 7.1).
    #[error("the chunk size is not a hexadecimal number")]
    ChunkSize,
    /// A chunk size has more than 16 digits.
    #[error("the chunk size is too long")]
    ChunkSizeTooLong,
    /// A chunk extension is malformed (RFC 9112 section 7.1.1).
    #[error("a chunk extension is malformed")]
    ChunkExtension,
    /// The chunk extensions of the body are longer than [`ChunkLimits`](super::ChunkLimits) allow.
    #[error("the chunk extensions are too long")]
    ChunkExtensionsTooLong,
    /// Something else than CR LF ends a chunk's size line or data.
    #[error("a chunk is not ended by CR LF")]
    ChunkEnd,
    /// A trailer field is malformed, as it would be in a head.
    #[error("a trailer field is refused: {0}")]
    Trailer(HeadError),
    /// A trailer field has a name that is not allowed in trailers (RFC 9110 section 6.5.1).
    #[error("a field stands in the trailers that must not")]
    ForbiddenTrailer,
    /// The trailers are longer or more than [`ChunkLimits`](super::ChunkLimits) allow.
    #[error("the trailers are too large")]
    TrailersTooLarge,
    /// The stream ended before the body did.
    #[error("the body was cut off")]
    Truncated,
}

impl BodyError {
    /// The status that answers a request whose body is refused so, if nothing was answered yet.
    pub const fn status(self) -> u16 {
        match self {
            Self::ChunkSize
            | Self::ChunkSizeTooLong
            | Self::ChunkExtension
            | Self::ChunkExtensionsTooLong
            | Self::ChunkEnd
            | Self::Trailer(_)
            | Self::ForbiddenTrailer
            | Self::Truncated => 400,
            Self::TrailersTooLarge => 431,
        }
    }
}
