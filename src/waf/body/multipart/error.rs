//! What is wrong with a multipart body.

/// Why a body is not read as `multipart/form-data`. Messages begin as ModSecurity's do; "C-T" is the
/// request's `Content-Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MultipartError {
    /// The `Content-Type` is not `multipart/form-data`.
    #[error("Multipart: Invalid MIME type.")]
    MimeType,
    /// The `Content-Type` has no boundary.
    #[error("Multipart: Boundary not found in C-T.")]
    NoBoundary,
    /// The `Content-Type` is longer than 1024 bytes.
    #[error("Multipart: Invalid boundary in C-T (length).")]
    BoundaryLength,
    /// The `Content-Type` names a boundary more than once.
    #[error("Multipart: Multiple boundary parameters in C-T.")]
    MultipleBoundaries,
    /// The `Content-Type` holds what is no parameter.
    #[error("Multipart: Invalid boundary in C-T (malformed).")]
    BoundaryMalformed,
    /// The parameter's name only begins with `boundary`.
    #[error("Multipart: Invalid boundary in C-T (parameter name).")]
    BoundaryParameterName,
    /// `boundary` is not written in lower case: allowed, but read by few.
    #[error("Multipart: Invalid boundary in C-T (case sensitivity).")]
    BoundaryCase,
    /// The boundary has one quotation mark.
    #[error("Multipart: Invalid boundary in C-T (quote).")]
    BoundaryQuote,
    /// The boundary holds a character outside of RFC 2046 section 5.1.1.
    #[error("Multipart: Invalid boundary in C-T (characters).")]
    BoundaryCharacters,
    /// The boundary is empty.
    #[error("Multipart: Invalid boundary in C-T (empty).")]
    BoundaryEmpty,
    /// A line begins with the boundary and goes on.
    #[error("Multipart: Invalid boundary.")]
    InvalidBoundary,
    /// The boundary was quoted in the `Content-Type` and is so in the body.
    #[error("Multipart: Invalid boundary (quotes).")]
    QuotedBoundaryLine,
    /// Blanks stand between the dashes and the boundary.
    #[error("Multipart: Invalid boundary (whitespace).")]
    SpacedBoundaryLine,
    /// No line is the boundary.
    #[error("Multipart: No boundaries found in payload.")]
    NoBoundaryLine,
    /// The body ends within a part.
    #[error("Multipart: Final boundary missing.")]
    FinalBoundaryMissing,
    /// A part's header section holds a NUL byte.
    #[error("Multipart: Nul byte in part headers.")]
    Nul,
    /// A header line is longer than 4096 bytes, with what is folded into it.
    #[error("Multipart: Part header too long.")]
    HeaderTooLong,
    /// A part has more than 64 headers.
    #[error("Multipart: Too many part headers.")]
    TooManyHeaders,
    /// A part begins with a folded line.
    #[error("Multipart: Invalid part header (folding error).")]
    Folding,
    /// A header line has no colon.
    #[error("Multipart: Invalid part header (colon missing).")]
    ColonMissing,
    /// A header line begins with its colon.
    #[error("Multipart: Invalid part header (header name missing).")]
    HeaderNameMissing,
    /// A header's name holds what is not visible ASCII, or the line a bare carriage return.
    #[error("Multipart: Invalid part header (contains invalid character).")]
    HeaderCharacter,
    /// A part has the same header twice.
    #[error("Multipart: Duplicate part header.")]
    DuplicateHeader,
    /// A part has no `Content-Disposition`.
    #[error("Multipart: Part missing Content-Disposition header.")]
    NoDisposition,
    /// A part's `Content-Disposition` is malformed.
    #[error("Multipart: Invalid Content-Disposition header ({0}).")]
    Disposition(#[from] DispositionError),
    /// More fields than [`Limits::arguments`](super::super::Limits).
    #[error("SecArgumentsLimit exceeded")]
    TooManyFields,
}

/// Why a `Content-Disposition` is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DispositionError {
    /// It is not `form-data`.
    #[error("not form-data")]
    Type,
    /// Something other than a semicolon follows a value.
    #[error("semicolon missing")]
    Semicolon,
    /// It ends within a parameter, or after a semicolon.
    #[error("incomplete")]
    Incomplete,
    /// A parameter has no equals sign.
    #[error("equals sign missing")]
    Equals,
    /// A quoted value has no end.
    #[error("closing quote missing")]
    Quote,
    /// A parameter is none of `name`, `filename` and `filename*`.
    #[error("unknown parameter")]
    Parameter,
    /// A parameter is there twice.
    #[error("duplicate parameter")]
    Duplicate,
    /// A `filename*` is not `charset'language'text` (RFC 8187 section 3.2).
    #[error("malformed filename*")]
    ExtendedValue,
    /// There is a `filename*` and no `filename`.
    #[error("filename* without filename")]
    ExtendedAlone,
    /// There is no name.
    #[error("missing name field")]
    NoName,
    /// There is a file name, but not where a search for `filename=` would find it.
    #[error("filename")]
    HiddenFileName,
}
