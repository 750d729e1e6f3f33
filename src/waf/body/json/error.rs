//! What is wrong with a text that should be JSON.

/// Why a text is not read as JSON. Places are bytes from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// The text ends within a value, or before one.
    #[error("premature end of text")]
    End,
    /// A byte stands where the grammar has no place for it (RFC 8259 section 2).
    #[error("unexpected byte at {at}")]
    Unexpected {
        /// Where it stands.
        at: usize,
    },
    /// A number is malformed (RFC 8259 section 6).
    #[error("malformed number at {at}")]
    Number {
        /// Where it begins.
        at: usize,
    },
    /// A string holds a raw control character (RFC 8259 section 7).
    #[error("control character inside a string at {at}")]
    Control {
        /// Where the character stands.
        at: usize,
    },
    /// A string holds a backslash that begins no escape (RFC 8259 section 7).
    #[error("malformed escape inside a string at {at}")]
    Escape {
        /// Where the backslash stands.
        at: usize,
    },
    /// Something follows the value.
    #[error("trailing garbage at {at}")]
    Trailing {
        /// Where it begins.
        at: usize,
    },
    /// Nested deeper than [`Limits::depth`](super::super::Limits).
    #[error("JSON depth limit exceeded")]
    Depth,
    /// More values than [`Limits::arguments`](super::super::Limits).
    #[error("more than {limit} JSON keys")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// The flattened names take more bytes than [`Limits::names`](super::super::Limits).
    #[error("JSON keys are too long")]
    Names,
}
