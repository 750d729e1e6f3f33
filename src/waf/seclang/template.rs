//! Text with macros, `%{tx.score}`.
//!
//! A macro ends at the first brace that closes, whatever stands in it, and does not nest. One that
//! is not closed is text. What it names is a variable, or a member of one after the first dot.

use super::error::{Finding, FindingKind, NameKind};
use super::report::Report;
use super::text::Text;
use super::{Piece, Template};
use crate::waf::Variable;

impl Template {
    /// The template of a text, such as an operator's argument. Macros that name nothing stand for
    /// the empty text.
    pub fn new(text: &[u8]) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((literal, inner, after)) = next_macro(rest) {
            push_literal(&mut pieces, literal);
            pieces.extend(resolve(inner));
            rest = after;
        }
        push_literal(&mut pieces, rest);
        Self { pieces }
    }

    /// The text, if it holds no macro.
    pub fn literal(&self) -> Option<&[u8]> {
        match self.pieces.as_slice() {
            [] => Some(b""),
            [Piece::Literal(text)] => Some(text),
            _ => None,
        }
    }
}

fn push_literal(pieces: &mut Vec<Piece>, text: &[u8]) {
    if !text.is_empty() {
        pieces.push(Piece::Literal(text.into()));
    }
}

/// What precedes the first macro, what stands between its braces, and what follows it.
fn next_macro(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let start = memchr::memmem::find(text, b"%{")?;
    let (literal, rest) = text.split_at_checked(start)?;
    let rest = rest.get(2..)?;
    let (inner, after) = rest.split_at_checked(memchr::memchr(b'}', rest)?)?;
    Some((literal, inner, after.get(1..)?))
}

/// The piece for what stands between a macro's braces, if that names something.
fn resolve(inner: &[u8]) -> Option<Piece> {
    let (name, member) = split(inner);
    let variable = Variable::by_name(std::str::from_utf8(name).ok()?)?;
    match member {
        None => Some(Piece::Macro(variable, None)),
        Some(member) if variable.is_collection() && !member.is_empty() => {
            Some(Piece::Macro(variable, Some(member.into())))
        }
        Some(_) => None,
    }
}

/// The variable's name and the member's: `tx.score`, or `tx:score` as ModSecurity 3 has it too.
fn split(inner: &[u8]) -> (&[u8], Option<&[u8]>) {
    let separator = memchr::memchr2(b'.', b':', inner);
    match separator.and_then(|at| inner.split_at_checked(at)) {
        Some((name, member)) => (name, member.get(1..)),
        None => (inner, None),
    }
}

/// The template of a text, with a warning for each macro that names nothing.
pub(super) fn template(text: Text<'_>, report: &mut Report) -> Result<Template, Finding> {
    check(text, report)?;
    Ok(Template::new(text.bytes()))
}

/// Reports what is wrong with the macros of a text.
pub(super) fn check(text: Text<'_>, report: &mut Report) -> Result<(), Finding> {
    let mut rest = text;
    while let Some((literal, inner, _)) = next_macro(rest.bytes()) {
        let (_, from) = rest.split_at(literal.len() + 2);
        let (named, after) = from.split_at(inner.len());
        let (variable, _) = named.split_at(split(inner).0.len());
        report.check(NameKind::Variable, variable, None)?;
        if resolve(inner).is_none() {
            let name = named.shown();
            report.warn(FindingKind::Macro { name }.at(named));
        }
        rest = after.split_at(1).1;
    }
    Ok(())
}
