//! Detectors: operators that read a value as what it would be taken for, instead of looking for words.
//!
//! A path is walked, a command line is cut into commands, an address is read as a resolver reads it.
//! Each is a function of the value alone, takes time linear in it and allocates nothing unless it
//! matches. Invariant: what [`Detector::words`] and [`Detector::bytes`] say holds for every value that
//! matches, so that the matcher may pass over all others. Non-goal: transformations; a rule decodes
//! what its application would, and what a detector decodes besides is said there.

mod address;
mod base64;
mod detector;
mod html;
mod prose;
mod shell;
mod sql;
mod traversal;

#[cfg(test)]
mod tests;

pub use self::detector::Detector;
