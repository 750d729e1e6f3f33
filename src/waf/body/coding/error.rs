//! Why a body is not decoded.

/// What is wrong with a `Content-Encoding` or with what it was done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodingError {
    /// The header names a coding that is not known.
    #[error("unknown coding")]
    Unknown,
    /// More codings than [`CodingLimits::codings`](super::CodingLimits).
    #[error("too many codings")]
    TooMany,
    /// The data is not of the coding that the header names.
    #[error("malformed data")]
    Malformed,
    /// A checksum does not hold.
    #[error("wrong checksum")]
    Checksum,
    /// The data ends early.
    #[error("premature end of data")]
    Truncated,
    /// Something follows the end of the coded data.
    #[error("trailing garbage")]
    Trailing,
    /// It decodes to more than [`CodingLimits::size`](super::CodingLimits).
    #[error("too large when decoded")]
    TooLarge,
    /// It decodes to more than [`CodingLimits::ratio`](super::CodingLimits) times its size.
    #[error("decompression bomb")]
    Bomb,
}
