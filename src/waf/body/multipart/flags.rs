//! The `MULTIPART_` variables that are flags.

/// What was odd about a multipart body. Each field is the variable of its name, `MULTIPART_` in front.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// The boundary is quoted in the `Content-Type`.
    pub boundary_quoted: bool,
    /// Blanks stand about the boundary in the `Content-Type`.
    pub boundary_whitespace: bool,
    /// Something stands before the first boundary.
    pub data_before: bool,
    /// Something stands after the last boundary.
    pub data_after: bool,
    /// A part header is folded.
    pub header_folding: bool,
    /// A header or boundary line, or the line before a boundary, ends in LF alone.
    pub lf_line: bool,
    /// A header or boundary line ends in CRLF. No variable of its own: see
    /// [`crlf_lf_lines`](Self::crlf_lf_lines).
    pub crlf_line: bool,
    /// No semicolon stands before the boundary in the `Content-Type`.
    pub missing_semicolon: bool,
    /// A parameter of a `Content-Disposition` is in single quotes, or holds one outside of double
    /// quotes, or goes on after its closing quote.
    pub invalid_quoting: bool,
    /// A boundary stands where a part's headers or data should begin.
    pub invalid_part: bool,
    /// A part header is folded with something other than blanks and tabs.
    pub invalid_header_folding: bool,
    /// There are more files than [`Limits::files`](super::super::Limits).
    pub file_limit_exceeded: bool,
    /// Something looks like a boundary and is none.
    pub unmatched_boundary: UnmatchedBoundary,
    /// The body could not be read to its end.
    pub error: bool,
}

/// The values of `MULTIPART_UNMATCHED_BOUNDARY`. ModSecurity 2 has 0 and 1 and refuses the upload of
/// a PEM file; ModSecurity 3 has 2, for what a rule may let pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum UnmatchedBoundary {
    /// Nothing looks like a boundary but boundaries do.
    #[default]
    None = 0,
    /// A line begins with two dashes, as those of PEM do, but not with the boundary.
    Dashes = 2,
    /// The boundary, dashes and all, stands within a line.
    Boundary = 1,
}

impl Flags {
    /// `MULTIPART_CRLF_LF_LINES`: both ways to end a line are used.
    pub fn crlf_lf_lines(&self) -> bool {
        self.crlf_line && self.lf_line
    }

    /// `MULTIPART_STRICT_ERROR`.
    pub fn strict_error(&self) -> bool {
        let Self {
            boundary_quoted,
            boundary_whitespace,
            data_before,
            data_after,
            header_folding,
            lf_line,
            crlf_line: _,
            missing_semicolon,
            invalid_quoting,
            invalid_part,
            invalid_header_folding,
            file_limit_exceeded,
            unmatched_boundary: _,
            error,
        } = *self;
        boundary_quoted
            || boundary_whitespace
            || data_before
            || data_after
            || header_folding
            || lf_line
            || missing_semicolon
            || invalid_quoting
            || invalid_part
            || invalid_header_folding
            || file_limit_exceeded
            || error
    }

    /// Notes a line that begins with two dashes; what is worse stays.
    pub(super) fn see_dashes(&mut self) {
        if self.unmatched_boundary == UnmatchedBoundary::None {
            self.unmatched_boundary = UnmatchedBoundary::Dashes;
        }
    }
}
