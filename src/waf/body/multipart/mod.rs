//! `multipart/form-data`: fields, files and everything that is odd about them.
//!
//! Upload parsers differ in what they take for a boundary, a quote or the end of a line, so each such
//! choice raises one of the [`Flags`] that ModSecurity has for it, and what no two parsers read alike
//! is an error. The grammar is ModSecurity 2's, with three differences: well-formed parameters may
//! stand beside the boundary, `filename*` may stand beside `filename` (as in ModSecurity 3), and a
//! carriage return within a part header is an error. Lines are not copied: files stay where they lie
//! in the body.

mod boundary;
mod disposition;
mod error;
mod flags;
mod headers;
mod parser;

#[cfg(test)]
mod tests;

pub(super) use self::boundary::is_token_byte;
pub use self::{
    error::{DispositionError, MultipartError},
    flags::{Flags, UnmatchedBoundary},
    parser::{File, Multipart, parse},
};
