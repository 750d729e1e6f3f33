//! SecLang, the language of ModSecurity's rules: text to an AST with spans.
//!
//! Every error names a file, a line and the bytes at fault. Nothing here compiles or evaluates.

#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod actions;
mod ast;
mod ctl;
mod directives;
mod error;
mod files;
mod folder;
mod glob;
mod left_out;
mod lexer;
mod nearest;
mod operators;
mod parser;
mod render;
mod report;
mod source;
mod targets;
mod template;
mod text;
mod values;

pub use self::{
    ast::*,
    error::{Effect, Finding, FindingKind, NameKind},
    files::{FileError, MAX_FILE, Memory, NoFiles, RuleFile, RuleFiles},
    folder::Folder,
    left_out::{CONFINED, Confined, LEFT_OUT, LeftOut},
    parser::{Parsed, parse},
    report::Trust,
    source::{FileId, Location, SourceMap, Span},
};

pub(in crate::waf) use self::operators::skipped;

#[cfg(test)]
mod tests;
