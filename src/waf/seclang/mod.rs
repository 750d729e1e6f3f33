//! SecLang, the language of ModSecurity's rules: text to an AST with spans.
//!
//! Every error names a file, a line and the bytes at fault. Nothing here compiles or evaluates.

mod ast;
mod source;

pub use self::{
    ast::*,
    source::{FileId, Location, SourceMap, Span},
};
