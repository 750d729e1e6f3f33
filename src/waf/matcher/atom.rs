//! What a matcher is built from.

use std::fmt;
use std::sync::Arc;

use regex_syntax::hir::Hir;
use thiserror::Error;

use super::Bits;
use crate::waf::operators::{Caches, Operator, Outcome, Validation};
use crate::waf::{ByteSet, Transformation};

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
pub struct Test {
    /// Whether it holds.
    pub holds: Predicate,
    /// What is known of every text for which it holds.
    pub requires: Requires,
}

/// A test of a text: a function of it and nothing else, that takes time linear in it. A search that
/// gave up is a condition that holds, negated or not.
pub type Predicate = Arc<dyn Fn(&[u8], &mut Caches) -> Outcome + Send + Sync>;

/// What every text for which a test holds is like. The default says nothing.
#[derive(Clone, Debug, Default)]
pub struct Requires {
    /// This matches somewhere in it.
    pub expression: Option<Expression>,
    /// A byte of this set occurs.
    pub bytes: Option<ByteSet>,
    /// One of these words occurs, in whatever ASCII case.
    pub words: Option<Vec<Box<[u8]>>>,
    /// Bytes there are at least.
    pub min_len: usize,
}

/// A regular expression.
#[derive(Clone, Debug)]
pub struct Expression {
    /// What it means, in bytes.
    pub hir: Hir,
    /// Whether the test holds wherever it matches, too.
    pub is_exact: bool,
}

impl From<Operator> for Test {
    /// The test that an operator without macros is.
    fn from(operator: Operator) -> Self {
        let requires = Requires::of(&operator);
        Self {
            holds: Arc::new(move |text, caches| operator.evaluate(text, b"", caches, None)),
            requires,
        }
    }
}

impl Requires {
    fn of(operator: &Operator) -> Self {
        match operator {
            Operator::Rx(rx) | Operator::RxGlobal(rx) => Self {
                expression: rx.hir().map(|hir| Expression {
                    hir,
                    is_exact: rx.is_exact(),
                }),
                ..Self::default()
            },
            Operator::Pm(pm) => Self {
                words: Some(pm.words().to_vec()),
                ..Self::default()
            },
            Operator::Validate(validation) => Self {
                bytes: match validation {
                    Validation::Bytes(allowed) => Some(allowed.complement()),
                    Validation::UrlEncoding => Some(ByteSet::of(b"%")),
                    Validation::Utf8Encoding => Some(ByteSet::range(0x80, 0xff)),
                },
                ..Self::default()
            },
            // Every state that reports anything is entered at one of these.
            Operator::DetectXss => Self {
                bytes: Some(ByteSet::of(b"<=")),
                ..Self::default()
            },
            Operator::Detect(detector) => Self {
                bytes: detector.bytes(),
                words: detector
                    .words()
                    .map(|words| words.iter().map(|word| (*word).into()).collect()),
                min_len: detector.min_len(),
                ..Self::default()
            },
            Operator::Text(test) => {
                let contained = test.contained().unwrap_or_default();
                Self {
                    words: (!contained.is_empty()).then(|| vec![contained.into()]),
                    min_len: contained.len(),
                    ..Self::default()
                }
            }
            Operator::Number(_)
            | Operator::Address(_)
            | Operator::Verify(_)
            | Operator::DetectSqli
            | Operator::Always
            | Operator::Never => Self::default(),
        }
    }
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
        f.debug_tuple("Test").field(&self.requires).finish()
    }
}
