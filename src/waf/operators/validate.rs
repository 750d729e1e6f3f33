//! `@validateByteRange`, `@validateUrlEncoding` and `@validateUtf8Encoding`: a match is a fault.
//!
//! Invariant: the empty value has no fault.

use super::compile::{OperatorError, shown};
use super::phrases::trim;
use crate::waf::ByteSet;

/// What a value is held to.
#[derive(Clone, Debug)]
pub enum Validation {
    /// All its bytes are of this set.
    Bytes(ByteSet),
    /// Every `%` is followed by two hexadecimal digits.
    UrlEncoding,
    /// It is UTF-8 as RFC 3629 has it: nothing overlong, no surrogates, nothing over U+10FFFF.
    Utf8Encoding,
}

impl Validation {
    /// The bytes and ranges of `@validateByteRange`: `9,10,13,32-126`.
    pub(super) fn byte_range(argument: &[u8]) -> Result<Self, OperatorError> {
        let mut set = ByteSet::EMPTY;
        let items = argument.split(|byte| *byte == b',').map(trim);
        for item in items.filter(|item| !item.is_empty()) {
            let range = parse_range(item).ok_or_else(|| OperatorError::ByteRange(shown(item)))?;
            set = set.union(range);
        }
        if set.is_empty() {
            return Err(OperatorError::NoArgument("validateByteRange"));
        }
        Ok(Self::Bytes(set))
    }

    /// Whether the value has a fault.
    pub fn fails(&self, input: &[u8]) -> bool {
        match self {
            Self::Bytes(set) => set.complement().find(input).is_some(),
            Self::UrlEncoding => {
                memchr::memchr_iter(b'%', input).any(|at| !is_escape(input.get(at..)))
            }
            Self::Utf8Encoding => std::str::from_utf8(input).is_err(),
        }
    }
}

fn parse_range(text: &[u8]) -> Option<ByteSet> {
    let text = std::str::from_utf8(text).ok()?;
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last).then(|| ByteSet::range(first, last))
}

fn is_escape(text: Option<&[u8]>) -> bool {
    matches!(text, Some([b'%', high, low, ..])
        if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}
