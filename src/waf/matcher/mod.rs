//! Which of the conditions of a rule set hold for a value, all asked at once.
//!
//! Rules ask the same values the same kind of question hundreds of times, and the answer is nearly
//! always no. The matcher says no for all of them together: from which bytes occur
//! (`profile`), from the words that each expression cannot do without over such bytes
//! (`required`, `shapes`), found in one pass (`automaton`), and from transformations that have
//! nothing to change (`chains`). What is left is tested as written. Invariant: the answer is that
//! of transforming and testing each condition by itself. Non-goals: captures, and the order of rules;
//! the rule engine runs the few rules that match.

mod atom;
mod automaton;
mod bits;
mod chains;
mod course;
mod courses;
mod literals;
mod profile;
mod questions;
mod required;
mod run;
mod scratch;
mod shapes;
mod texts;

pub use self::{
    atom::{AtomSpec, BuildError, Expression, Predicate, Requires, Test},
    bits::Bits,
    run::Matcher,
    scratch::Scratch,
};

#[cfg(test)]
mod tests;
