//! Operators: whether a value is what a rule looks for, `@rx`, `@pm` and the others.
//!
//! An operator is compiled once, shared by all workers and changed by nothing; what a search needs
//! besides lies in the worker's [`Caches`]. Invariant: an evaluation takes time linear in the value,
//! the one engine that backtracks being held to so many steps. Non-goal: negation, transformations
//! and macros, which are the evaluator's.
//!
//! ModSecurity 2.9 is the reference. Where this differs, it is said at the operator, and the reason
//! is one of two: what hides bytes from the rules there does not do so here, and what would make a
//! rule fail there at run time is an error of the rule set here.

mod caches;
mod captures;
mod compile;
mod detectors;
mod ip;
mod number;
mod operator;
mod phrases;
mod pm;
mod rx;
mod text;
mod validate;
mod verify;

pub(crate) use self::number::leading_number;
pub use self::{
    caches::Caches,
    captures::{Captures, GROUPS},
    compile::{CompileEnv, Limits, OperatorError, OperatorWarning},
    detectors::Detector,
    ip::Addresses,
    number::Comparison,
    operator::{Operator, Outcome},
    pm::Pm,
    rx::{PatternError, Rx},
    text::TextTest,
    validate::Validation,
    verify::Verification,
};

#[cfg(test)]
mod tests;
