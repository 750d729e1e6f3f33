//! What a matcher is built from.

use std::fmt;
use std::sync::Arc;

use regex_automata::meta;
use regex_syntax::hir::Hir;
use thiserror::Error;

use super::super::transformations::{ByteSet, Transformation};
use super::Bits;

/// One condition: a constant test on what chains of transformations make of a value.
#[derive(Clone, Debug)]
pub struct AtomSpec {
    /// Its number in [`Bits`]; no two conditions have the same.
    pub bit: u16,
    /// The chains; the condition holds if it does after any of them. There is one, without
    /// `t:none`, but for `multiMatch`, which tests after each transformation.
    pub chains: Vec<Vec<Transformation>>,
    /// Whether the condition holds where the test does not (`!@rx`).
    pub negated: bool,
    /// The test.
    pub test: Test,
}

/// What is asked of a transformed value.
#[derive(Clone)]
pub enum Test {
    /// Whether an expression matches anywhere.
    Regex {
        /// The expression's meaning, from which it is seen what a match cannot do without.
        hir: Hir,
        /// The expression itself, compiled from the same text with the same flags and with captures
        /// (`WhichCaptures::None` finds nothing when searching).
        regex: meta::Regex,
    },
    /// Anything else.
    Other {
        /// Whether it holds. A function of the text alone that takes time linear in it.
        holds: Predicate,
        /// What is known of every text for which it holds.
        requires: Requires,
    },
}

/// A test of a text.
pub type Predicate = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// What every text for which a test holds is like. The default says nothing.
#[derive(Clone, Debug, Default)]
pub struct Requires {
    /// A byte of this set occurs.
    pub bytes: Option<ByteSet>,
    /// One of these words occurs, in whatever ASCII case.
    pub words: Option<Vec<Vec<u8>>>,
    /// Bytes there are at least.
    pub min_len: usize,
}

/// Why a matcher cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BuildError {
    /// A number that [`Bits`] does not hold.
    #[error("the condition's number {0} is not below {limit}", limit = Bits::CAPACITY)]
    NumberTooLarge(u16),
    /// Two conditions of one number.
    #[error("the condition's number {0} is used twice")]
    NumberTaken(u16),
    /// A condition that would be asked of nothing.
    #[error("the condition {0} has no chain of transformations")]
    NoChain(u16),
    /// A chain that no rule needs.
    #[error("the condition {0} has a chain of more than {1} transformations")]
    ChainTooLong(u16, usize),
    /// Too many different steps in all chains.
    #[error("the conditions have more than {0} different chains of transformations")]
    TooManyChains(usize),
}

impl fmt::Debug for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Regex { hir, .. } => f.debug_tuple("Regex").field(hir).finish(),
            Self::Other { requires, .. } => f.debug_tuple("Other").field(requires).finish(),
        }
    }
}
