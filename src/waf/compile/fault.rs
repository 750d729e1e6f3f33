//! What is wrong with rules that can be read.

use thiserror::Error;

use crate::waf::{
    operators::{OperatorError, OperatorWarning},
    seclang::Span,
};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The bytes at fault.
    pub span: Span,
    /// What is wrong with them.
    pub kind: FaultKind,
}

/// What is wrong with rules that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FaultKind {
    /// A rule has no id.
    #[error("the rule has no `id`")]
    NoId,
    /// Two rules have one id.
    #[error("there is a rule {0} already")]
    RepeatedId(u64),
    /// The last link of a chain announces another.
    #[error("the chain ends with `chain`: a rule must follow")]
    OpenChain,
    /// A link other than the first has what only the first can have.
    #[error("`{0}` belongs to the first rule of a chain")]
    NotInChain(&'static str),
    /// A rule has two phases, or a link another than its chain.
    #[error("the rule is in phase {0}: its chain cannot be in another")]
    OtherPhase(u8),
    /// A rule with an operator that is not evaluated.
    #[error(
        "rule {id} is not loaded, for its operator `@{operator}`: {reason}; what it alone would find is \
         not found"
    )]
    Skipped {
        /// The rule's id.
        id: u64,
        /// The operator.
        operator: &'static str,
        /// Why it is not evaluated.
        reason: &'static str,
    },
    /// An operator that cannot be compiled.
    #[error("{0}")]
    Operator(#[from] OperatorError),
    /// An operator that may not do what is expected.
    #[error("{0}")]
    OperatorWarning(#[from] OperatorWarning),
    /// A regular expression that chooses members or rules.
    #[error("`{pattern}` is not a regular expression: {reason}")]
    Selector {
        /// As written.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// `skipAfter` or `skip` leads nowhere.
    #[error("nothing below is called `{0}`: the rest of the phase is skipped")]
    NoMarker(String),
    /// A directive or `ctl` names rules of which there are none.
    #[error("no rule above has this {0}: nothing is changed")]
    NoSuchRule(&'static str),
    /// Too many names or chains.
    #[error("there are more than 65,535 {0}")]
    TooMany(&'static str),
    /// Too many transformations.
    #[error("a rule may have {0} transformations in a row, and not more")]
    TooManySteps(usize),
    /// Encoders upon encoders.
    #[error(
        "the transformations may make a value more than {0} times as long, which a client could use"
    )]
    Grows(usize),
    /// Directives and `ctl` that choose rules look at too many in all.
    #[error(
        "too many directives and `ctl` choose among too many rules: from here on none is followed"
    )]
    TooMuchChoosing,
    /// Rules of a route change those of its rule set in a way that only these themselves can.
    #[error("{0} cannot be used on rules of the rule set that these are added to")]
    NotFromOutside(&'static str),
    /// An action without effect.
    #[error("`{0}` has no effect: nothing is kept between exchanges")]
    NotKept(&'static str),
}
