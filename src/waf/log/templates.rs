//! What the parts of a message were expanded from.

use crate::waf::ruleset::{Expand, Expansion};

/// The pieces of `text` that stand where its template has macros. Where literals repeat, they are
/// found at their first places, so that a piece may come out shorter or longer than it was.
pub(super) fn expanded<'a>(template: &'a Expansion, text: &'a [u8]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let mut open = false;
    for piece in &template.pieces {
        match piece {
            Expand::Literal(literal) if open => {
                let end = memchr::memmem::find(rest, literal).unwrap_or(rest.len());
                let (before, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
                pieces.push(before);
                rest = after.get(literal.len()..).unwrap_or_default();
                open = false;
            }
            Expand::Literal(literal) => rest = rest.get(literal.len()..).unwrap_or_default(),
            Expand::Tx(_) | Expand::Variable(..) => open = true,
        }
    }
    if open || !rest.is_empty() {
        pieces.push(rest);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waf::Variable;

    #[test]
    fn what_stands_for_macros_is_found() {
        let literal = |text: &str| Expand::Literal(text.as_bytes().into());
        let macro_ = || Expand::Variable(Variable::MatchedVar, None);
        let template = Expansion {
            pieces: [literal("a "), macro_(), literal(" in "), macro_(), macro_()].into(),
        };
        for (text, expected) in [
            (&b"a x in y"[..], &[&b"x"[..], b"y"][..]),
            (b"a  in ", &[b"", b""]),
            (b"a x in y in z", &[b"x", b"y in z"]),
        ] {
            assert_eq!(expanded(&template, text), expected);
        }
    }
}
