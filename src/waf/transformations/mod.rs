//! Transformations: what is done to a value before an operator sees it, `t:lowercase`.
//!
//! Each is a function from bytes to bytes that cannot fail. Invariants: it takes time linear in its
//! input, its output is bounded by a stated multiple of the input, and what it can do is known
//! without running it ([`Transformation::triggers`] and its neighbours), so that most values skip
//! most of them. Non-goal: deciding what runs on what; rules do.
//!
//! ModSecurity 2.9 is the reference, oddities included: rules are written for those. Two of them are
//! not kept because they hide bytes from the rules. A zero byte does not end a value (`cmdLine`,
//! `base64DecodeExt` and `sqlHexDecode` stop at one there), and a run of backslashes leaves none
//! (`normalizePathWin`).

mod base64;
mod best_fit;
mod byte_set;
mod bytewise;
mod chain;
mod cmd_line;
mod comments;
mod digest;
mod effect;
mod escape;
mod hex;
mod html;
mod path;
mod scan;
mod space;
mod transformation;
mod url;
mod utf8;

pub use self::{byte_set::ByteSet, chain::Buffers, transformation::Transformation};

#[cfg(test)]
mod tests;
