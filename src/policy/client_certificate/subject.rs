//! A condition on the subject of a client certificate.

use std::fmt;

use regex::{Regex, RegexBuilder};

/// The largest compiled pattern, in bytes.
const MAX_SIZE: usize = 256 << 10;

/// A regular expression that has to match somewhere in the subject, written as RFC 2253 has it.
#[derive(Clone)]
pub struct SubjectPattern(Regex);

/// Why a pattern cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubjectPatternError {
    /// It does not begin with `CN=`.
    #[error("it does not begin with CN=")]
    NoCommonName,
    /// It cannot be read, or would be too large.
    #[error("it is not a regular expression that can be used")]
    Syntax,
}

impl SubjectPattern {
    /// A pattern as ingress-nginx's `auth-tls-match-cn` has it: `CN=` and an expression.
    ///
    /// # Errors
    /// It is no such pattern.
    pub fn new(text: &str) -> Result<Self, SubjectPatternError> {
        if !text.starts_with("CN=") {
            return Err(SubjectPatternError::NoCommonName);
        }
        RegexBuilder::new(text)
            .size_limit(MAX_SIZE)
            .build()
            .map(Self)
            .map_err(|_| SubjectPatternError::Syntax)
    }

    /// The pattern as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    pub(super) fn matches(&self, subject: &str) -> bool {
        self.0.is_match(subject)
    }
}

impl PartialEq for SubjectPattern {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for SubjectPattern {}

impl fmt::Debug for SubjectPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}
