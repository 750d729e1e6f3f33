//! `@pm` and `@pmFromFile`: whether a value contains one of many phrases, in any case.
//!
//! Invariant: what is reported is the phrase that ends first, the longest of those that end there.
//! Non-goal: letters outside of ASCII, whose case counts.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, MatchKind};

use super::captures::Captures;
use super::compile::{CompileEnv, OperatorError, OperatorWarning, shown};
use super::phrases::{files, lines, phrases, unescape};

/// A set of phrases.
#[derive(Clone, Debug)]
pub struct Pm {
    words: Vec<Box<[u8]>>,
    automaton: AhoCorasick,
}

impl Pm {
    /// The phrases of `@pm`, between blanks.
    pub(super) fn from_argument(
        argument: &[u8],
        env: &CompileEnv<'_>,
    ) -> Result<Self, OperatorError> {
        let quoted = argument
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""));
        let mut builder = Builder::new(env.limits.phrases);
        for phrase in phrases(quoted.unwrap_or(argument)) {
            builder.add(phrase)?;
        }
        if builder.words.is_empty() {
            return Err(OperatorError::NoArgument("pm"));
        }
        builder.build()
    }

    /// The phrases of `@pmFromFile`: one a line, `#` before comments.
    pub(super) fn from_files(
        argument: &[u8],
        env: &mut CompileEnv<'_>,
    ) -> Result<Self, OperatorError> {
        const NAME: &str = "pmFromFile";
        let mut builder = Builder::new(env.limits.phrases);
        for file in files(NAME, argument, env)? {
            for (_, line) in lines(&file.text) {
                builder.add(line)?;
            }
        }
        if builder.words.is_empty() {
            env.warnings.push(OperatorWarning::EmptyFile {
                name: NAME,
                path: shown(argument),
            });
        }
        builder.build()
    }

    /// The phrases, unescaped, as they were written; no two differ in case alone.
    pub fn words(&self) -> &[Box<[u8]>] {
        &self.words
    }

    /// Whether a phrase occurs in the value.
    pub fn is_match(&self, input: &[u8]) -> bool {
        self.automaton.is_match(input)
    }

    /// Like [`is_match`](Self::is_match), and captures the phrase as it was written.
    pub(super) fn captures(&self, input: &[u8], captures: &mut Captures) -> bool {
        let Some(found) = self.automaton.find(input) else {
            return false;
        };
        let word = self.words.get(found.pattern().as_usize());
        captures.set_text(found.range(), word.map_or(b"", |word| word));
        true
    }
}

struct Builder {
    words: Vec<Box<[u8]>>,
    seen: HashSet<Vec<u8>>,
    bytes: usize,
    limit: usize,
}

impl Builder {
    fn new(limit: usize) -> Self {
        Self {
            words: Vec::new(),
            seen: HashSet::new(),
            bytes: 0,
            limit,
        }
    }

    fn add(&mut self, written: &[u8]) -> Result<(), OperatorError> {
        let word = unescape(written).unwrap_or_else(|_| written.to_vec());
        self.bytes = self.bytes.saturating_add(word.len());
        if self.bytes > self.limit {
            return Err(OperatorError::TooManyPhrases(self.limit));
        }
        if self.seen.insert(word.to_ascii_lowercase()) {
            self.words.push(word.into());
        }
        Ok(())
    }

    fn build(self) -> Result<Pm, OperatorError> {
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(&self.words);
        Ok(Pm {
            automaton: automaton.map_err(|_| OperatorError::TooManyPhrases(self.limit))?,
            words: self.words,
        })
    }
}
