//! What operators are compiled with, and why they may not be.
//!
//! Invariant: whatever an operator takes from a rule set has a limit here. Non-goal: where in a file
//! the fault lies; whoever compiles the rule knows.

use thiserror::Error;

use super::rx::PatternError;
use crate::waf::seclang::{FileError, RuleFiles};

/// What an operator may draw on while it is compiled.
#[derive(Debug)]
pub struct CompileEnv<'a> {
    /// Where files of words and addresses come from.
    pub files: &'a dyn RuleFiles,
    /// The file that the rule stands in: what paths are relative to.
    pub from: &'a str,
    /// How large things may get.
    pub limits: Limits,
    /// How many places in the worker's [`Caches`](super::Caches) are taken. One counter for the rules
    /// of a rule set.
    pub slots: &'a mut u32,
    /// What is doubtful without being wrong.
    pub warnings: &'a mut Vec<OperatorWarning>,
}

impl CompileEnv<'_> {
    /// Takes a place in the caches.
    pub(super) fn slot(&mut self) -> usize {
        let slot = *self.slots;
        *self.slots += 1;
        slot as usize
    }
}

/// How large operators may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a pattern as it is written.
    pub pattern: usize,
    /// Bytes of what a pattern is compiled to. The cache of a search may take some 2 MiB more, a
    /// worker and pattern.
    pub program: usize,
    /// Bytes of the phrases of one operator, over all its files.
    pub phrases: usize,
    /// Addresses and networks of one operator, over all its files.
    pub addresses: usize,
    /// Steps that a backtracking search may take whatever the value.
    pub steps: u64,
    /// Steps that it may take besides for each byte of the value.
    pub steps_per_byte: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pattern: 128 << 10,
            program: 2 << 20,
            phrases: 4 << 20,
            addresses: 1 << 20,
            steps: 500_000,
            steps_per_byte: 64,
        }
    }
}

/// Why an operator is not compiled.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OperatorError {
    /// No operator has this name.
    #[error("there is no operator `@{0}`")]
    Unknown(String),
    /// The operator needs an argument.
    #[error("`@{0}` needs an argument")]
    NoArgument(&'static str),
    /// The pattern is not one.
    #[error("the pattern {0}")]
    Pattern(#[from] PatternError),
    /// A phrase has a backslash before a byte that cannot be escaped.
    #[error("the phrase has a `\\` at byte {0}: only `:`, `;`, `\"` and `\\` are escaped so")]
    Escape(usize),
    /// The phrases are too long in all.
    #[error("the phrases have more than {0} bytes in all")]
    TooManyPhrases(usize),
    /// Something is no address and no network.
    #[error("`{0}` is no address and no network such as 192.0.2.0/24 or 2001:db8::/32")]
    Address(String),
    /// A line of a file is no address and no network.
    #[error("{file}:{line}: `{text}` is no address and no network such as 192.0.2.0/24")]
    AddressInFile {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: usize,
        /// What stands there, cut after 64 bytes.
        text: String,
    },
    /// There are too many addresses.
    #[error("there are more than {0} addresses and networks")]
    TooManyAddresses(usize),
    /// Something is no range of bytes.
    #[error("`{0}` is no byte (0 to 255) and no range of bytes such as 32-126")]
    ByteRange(String),
    /// An operator does not know an option.
    #[error("`@{name}` knows {known}, not `{option}`")]
    Option {
        /// The operator.
        name: &'static str,
        /// What was given, cut after 64 bytes.
        option: String,
        /// What there is.
        known: &'static str,
    },
    /// A file of phrases or addresses cannot be read.
    #[error("the file `{path}` is not read: {error}")]
    File {
        /// The path as the rule has it.
        path: String,
        /// Why not.
        error: FileError,
    },
}

impl OperatorError {
    pub(super) fn option(name: &'static str, option: &[u8], known: &'static str) -> Self {
        Self::Option {
            name,
            option: shown(option),
            known,
        }
    }
}

/// What is doubtful about an operator.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OperatorWarning {
    /// Nothing is in the files.
    #[error("`@{name}` never matches: nothing is in `{path}`")]
    EmptyFile {
        /// The operator.
        name: &'static str,
        /// The path as the rule has it.
        path: String,
    },
    /// The pattern needs the engine that backtracks.
    #[error(
        "the pattern is matched by backtracking, for its {construct}: it is slower, and a value \
         that takes too many steps counts as a match"
    )]
    Backtracking {
        /// What in the pattern needs it.
        construct: &'static str,
    },
}

/// How much of a text an error shows, in bytes.
const SHOWN: usize = 64;

/// Bytes as an error shows them.
pub(super) fn shown(bytes: &[u8]) -> String {
    let shown = bytes.get(..SHOWN).unwrap_or(bytes);
    shown.escape_ascii().to_string()
}
