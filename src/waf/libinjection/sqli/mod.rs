//! SQL: words and quotes become tokens, tokens are folded to a fingerprint, and that is looked up.

mod detect;
mod filter;
mod fold;
mod layout;
mod numbers;
mod strings;
mod tables;
mod token;
mod tokenizer;
mod words;

pub use self::{detect::detect_sqli, filter::may_be_sqli};

#[cfg(test)]
mod tests;
