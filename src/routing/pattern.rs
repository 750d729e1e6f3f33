//! Regular expressions as tables: a look-up in one needs no scratch memory, hence no pool and no lock.

use regex_automata::{
    Anchored, Input, MatchKind,
    dfa::{Automaton, StartKind, dense},
    nfa::thompson,
    util::start,
};

/// The longest pattern, in bytes.
const MAX_PATTERN: usize = 4 << 10;
/// The largest table of one pattern, in bytes. Patterns in use need a few KiB.
const MAX_TABLE: usize = 1 << 20;

/// Why a rule cannot be compiled.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum PatternError {
    /// The regular expression cannot be read, or asks for something that is not supported.
    #[error("the regular expression `{pattern}` cannot be used: {reason}")]
    Syntax {
        /// The expression as written.
        pattern: Box<str>,
        /// What is wrong with it, in a few words.
        reason: Box<str>,
    },
    /// The regular expression would take more than 1 MiB.
    #[error("the regular expression `{pattern}` is too large")]
    TooLarge {
        /// The expression as written, cut to 64 characters.
        pattern: Box<str>,
    },
    /// A path longer than 65,535 bytes, or 4 GiB of paths for one host.
    #[error("the path is too long")]
    PathTooLong,
}

/// A compiled regular expression over bytes. Classes such as `\w` are ASCII, as they are in nginx.
#[derive(Debug)]
pub(super) struct Pattern {
    table: Box<dense::DFA<Vec<u32>>>,
}

impl Pattern {
    /// A pattern for [`Pattern::matches_start`].
    pub(super) fn for_start(text: &str, case_insensitive: bool) -> Result<Self, PatternError> {
        Self::build(text, case_insensitive, MatchKind::LeftmostFirst)
    }

    /// A pattern for [`Pattern::matches_whole`].
    pub(super) fn for_whole(text: &str) -> Result<Self, PatternError> {
        // Every way to match has to stay in play: for `a|ab` on `ab` the preferred one ends early.
        Self::build(text, false, MatchKind::All)
    }

    /// Whether some match begins at the first byte.
    pub(super) fn matches_start(&self, bytes: &[u8]) -> bool {
        let input = Input::new(bytes).anchored(Anchored::Yes).earliest(true);
        // An error means a quit byte, and tables over bytes have none.
        matches!(self.table.try_search_fwd(&input), Ok(Some(_)))
    }

    /// Whether a match spans all the bytes.
    pub(super) fn matches_whole(&self, bytes: impl Iterator<Item = u8>) -> bool {
        let table = &self.table;
        let Ok(mut state) = table.start_state(&start::Config::new().anchored(Anchored::Yes)) else {
            return false;
        };
        for byte in bytes {
            state = table.next_state(state, byte);
            if table.is_special_state(state)
                && (table.is_dead_state(state) || table.is_quit_state(state))
            {
                return false;
            }
        }
        table.is_match_state(table.next_eoi_state(state))
    }

    fn build(text: &str, case_insensitive: bool, kind: MatchKind) -> Result<Self, PatternError> {
        let too_large = || PatternError::TooLarge {
            pattern: text.chars().take(64).collect(),
        };
        if text.len() > MAX_PATTERN {
            return Err(too_large());
        }
        let hir = regex_syntax::ParserBuilder::new()
            .unicode(false)
            .utf8(false)
            .case_insensitive(case_insensitive)
            .nest_limit(100)
            .build()
            .parse(text)
            .map_err(|error| PatternError::Syntax {
                pattern: text.into(),
                reason: reason(&error).into(),
            })?;
        let nfa = thompson::Compiler::new()
            .configure(
                thompson::Config::new()
                    .utf8(false)
                    .which_captures(thompson::WhichCaptures::None)
                    .nfa_size_limit(Some(MAX_TABLE)),
            )
            .build_from_hir(&hir)
            .map_err(|_| too_large())?;
        let table = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .start_kind(StartKind::Anchored)
                    .match_kind(kind)
                    .dfa_size_limit(Some(MAX_TABLE))
                    .determinize_size_limit(Some(4 * MAX_TABLE)),
            )
            .build_from_nfa(&nfa)
            .map_err(|_| too_large())?;
        Ok(Self {
            table: Box::new(table),
        })
    }
}

/// What is wrong with a pattern, without the drawing of it.
fn reason(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_start_pattern_matches_from_the_first_byte_and_may_end_anywhere() {
        for (pattern, insensitive, bytes, expected) in [
            ("/a", false, "/a", true),
            ("/a", false, "/abc", true),
            ("/a", false, "/b/a", false),
            ("/a", false, "/A", false),
            ("/a", true, "/A", true),
            ("/a$", false, "/a", true),
            ("/a$", false, "/ab", false),
            ("^/a", false, "/a/b", true),
            ("a|/b", false, "/b", true),
            (r"/v\d+/.*\.png$", false, "/v10/x/y.png", true),
            (r"/v\d+/.*\.png$", false, "/v/x.png", false),
            (r"/\w+$", false, "/\u{e9}", false),
            (r"/foo\b", false, "/foo/bar", true),
            (r"/foo\b", false, "/foobar", false),
            ("", false, "/x", true),
        ] {
            let compiled = Pattern::for_start(pattern, insensitive).unwrap();
            assert_eq!(
                compiled.matches_start(bytes.as_bytes()),
                expected,
                "{pattern} on {bytes}"
            );
        }
    }

    #[test]
    fn a_whole_pattern_spans_everything() {
        for (pattern, bytes, expected) in [
            ("a|ab", "ab", true),
            ("a|ab", "a", true),
            ("a|ab", "abc", false),
            ("a*?", "aaa", true),
            ("^a$", "a", true),
            ("", "", true),
            ("", "a", false),
            ("(?x) a b # comment", "ab", true),
            ("[^a]+", "\u{e9}", true),
        ] {
            let compiled = Pattern::for_whole(pattern).unwrap();
            assert_eq!(
                compiled.matches_whole(bytes.bytes()),
                expected,
                "{pattern} on {bytes}"
            );
        }
    }

    #[test]
    fn patterns_that_cannot_be_bounded_or_read_are_refused() {
        for (pattern, expected) in [
            (
                "/(",
                "the regular expression `/(` cannot be used: unclosed group",
            ),
            (
                "/(?=a)",
                "the regular expression `/(?=a)` cannot be used: look-around, including look-ahead \
                 and look-behind, is not supported",
            ),
            (
                "/.*a.{20}",
                "the regular expression `/.*a.{20}` is too large",
            ),
            (
                "/(((a{100}){100}){100})",
                "the regular expression `/(((a{100}){100}){100})` is too large",
            ),
        ] {
            let error = Pattern::for_start(pattern, false).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let long = "a".repeat(MAX_PATTERN + 1);
        assert!(matches!(
            Pattern::for_whole(&long),
            Err(PatternError::TooLarge { .. })
        ));
    }
}
