//! `@rx` and `@rxGlobal`: patterns of PCRE over bytes.
//!
//! One parser reads them, so that a pattern means the same whichever engine runs it: `regex-automata`,
//! which takes linear time, or, where look-around, back-references, atomic groups or possessive
//! quantifiers stand in it, a machine that backtracks and may take so many steps. Patterns are never
//! handed to `regex-syntax` as text: it reads `a*+`, `[[a]`, `[a&&b]`, `\v`, `\<` and `(?R)` in
//! silence as something else.
//!
//! As in ModSecurity 2, `.` matches every byte, `^` and `$` the very beginning and end alone, and
//! letters, digits and blanks are those of ASCII. Invariant: the superset of a pattern that
//! backtracks, which is searched first, matches wherever the pattern does. Non-goals: recursion,
//! conditions, callouts, verbs such as `(*SKIP)`, `\p` and `\X`; a pattern with one is an error.

mod class;
mod error;
mod escape;
mod group;
mod lower;
mod machine;
mod node;
mod parse;
mod pattern;
mod program;
mod sets;

pub use self::{error::PatternError, pattern::Rx};

pub(super) use self::{machine::Machine, pattern::Groups};

#[cfg(test)]
mod tests;
