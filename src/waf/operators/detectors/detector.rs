//! The table of detectors.

use super::super::{Captures, OperatorError};
use super::{
    address::{self, Kinds},
    base64, html, shell, sql, traversal,
};
use crate::waf::ByteSet;

/// The bytes of words.
const WORD: ByteSet = ByteSet::range(b'0', b'9')
    .union(ByteSet::range(b'A', b'Z'))
    .union(ByteSet::range(b'a', b'z'))
    .with(b'_');

/// A detector. What it captures is the part of the value that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detector {
    /// `@detectBase64`: the value is text in Base64; captures the text.
    Base64,
    /// `@detectHTML`: the value is HTML that runs a script; captures it.
    Html,
    /// `@detectShell`: the value holds a command that a shell would run. `true`: even where that is
    /// only likely.
    Shell(bool),
    /// `@detectSQL`: the value is SQL that breaks out, and no sentence; captures the fingerprint.
    Sql,
    /// `@detectSSRF`: the value is a URL of a host inside, of these kinds.
    Ssrf(Kinds),
    /// `@detectTraversal`: the value is or holds a path that leads out of its folder.
    Traversal,
}

impl Detector {
    /// `@detectShell`, whose argument is empty or `likely`.
    pub(in crate::waf::operators) fn shell(argument: &[u8]) -> Result<Self, OperatorError> {
        match argument.trim_ascii() {
            b"" => Ok(Self::Shell(false)),
            b"likely" => Ok(Self::Shell(true)),
            other => Err(OperatorError::option("detectShell", other, "`likely`")),
        }
    }

    /// `@detectSSRF`, whose argument says which hosts; all if it is empty.
    pub(in crate::waf::operators) fn ssrf(argument: &[u8]) -> Result<Self, OperatorError> {
        const KNOWN: &str = "`metadata`, `disguised`, `loopback` and `private`";
        let mut kinds = Kinds::default();
        let mut words = argument.split(u8::is_ascii_whitespace);
        for word in words.by_ref().filter(|word| !word.is_empty()) {
            match word {
                b"metadata" => kinds.metadata = true,
                b"disguised" => kinds.disguised = true,
                b"loopback" => kinds.loopback = true,
                b"private" => kinds.private = true,
                other => return Err(OperatorError::option("detectSSRF", other, KNOWN)),
            }
        }
        if kinds == Kinds::default() {
            kinds = Kinds::ALL;
        }
        Ok(Self::Ssrf(kinds))
    }

    /// Whether the value is what the detector looks for.
    pub(in crate::waf::operators) fn finds(
        self,
        input: &[u8],
        captures: Option<&mut Captures>,
    ) -> bool {
        if self == Self::Base64 {
            let Some(text) = base64::text(input) else {
                return false;
            };
            if let Some(captures) = captures {
                captures.set_text(0..input.len(), &text);
            }
            return true;
        }
        if self == Self::Sql {
            let fingerprint = sql::fingerprint(input);
            if let (Some(fingerprint), Some(captures)) = (fingerprint, captures) {
                captures.set_text(0..input.len(), fingerprint.as_bytes());
            }
            return fingerprint.is_some();
        }
        let found = match self {
            Self::Base64 | Self::Sql => None,
            Self::Html => html::runs_script(input).then_some(0..input.len()),
            Self::Shell(likely) => shell::find(input, likely),
            Self::Ssrf(kinds) => address::find(input, kinds),
            Self::Traversal => traversal::find(input),
        };
        match (found, captures) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(range), Some(captures)) => {
                captures.set(0, range);
                true
            }
        }
    }

    /// Words of which every value that matches has one, in any case; `None` where there are none.
    pub fn words(self) -> Option<&'static [&'static [u8]]> {
        match self {
            Self::Base64 | Self::Html | Self::Shell(_) | Self::Sql => None,
            Self::Ssrf(_) => Some(address::WORDS),
            Self::Traversal => Some(traversal::WORDS),
        }
    }

    /// Bytes of which every value that matches has one; `None` where there are none.
    pub fn bytes(self) -> Option<ByteSet> {
        match self {
            Self::Shell(_) => Some(shell::SIGNS),
            // Nothing else begins a tag or an attribute's value: see `libinjection::may_be_xss`.
            Self::Html => Some(ByteSet::of(b"<=")),
            // A word alone is no injection: see `libinjection::may_be_sqli`.
            Self::Sql => Some(WORD.complement()),
            Self::Base64 | Self::Ssrf(_) | Self::Traversal => None,
        }
    }

    /// How long every value that matches is at least, in bytes.
    pub fn min_len(self) -> usize {
        match self {
            Self::Base64 => base64::SHORTEST,
            Self::Html | Self::Sql => 1,
            Self::Shell(_) | Self::Traversal => 3,
            // `//8` is an address; how short one can be is not worth the risk.
            Self::Ssrf(_) => 1,
        }
    }
}
