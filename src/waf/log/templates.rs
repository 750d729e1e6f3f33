//! What the parts of a message were expanded from.

use crate::waf::ruleset::{Expand, Expansion};

/// Text that stands for macros.
#[derive(Debug)]
pub(super) struct Piece<'t, 'a> {
    /// The macros, one after the other.
    pub(super) macros: &'t [Expand],
    pub(super) text: &'a [u8],
}

/// The pieces of `text` that stand where its template has macros. `None`: it cannot be told, since a
/// value holds what the template has between two.
pub(super) fn pieces<'t, 'a>(
    template: &'t Expansion,
    text: &'a [u8],
) -> Option<Vec<Piece<'t, 'a>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    let is_literal = |piece: &Expand| matches!(piece, Expand::Literal(_));
    let mut macros: &[Expand] = &[];
    for group in template
        .pieces
        .chunk_by(|a, b| !is_literal(a) && !is_literal(b))
    {
        let [Expand::Literal(literal)] = group else {
            macros = group;
            continue;
        };
        if macros.is_empty() {
            rest = rest.strip_prefix(&**literal)?;
            continue;
        }
        let end = memchr::memmem::find(rest, literal)?;
        let (before, after) = rest.split_at_checked(end)?;
        rest = after.strip_prefix(&**literal)?;
        if memchr::memmem::find(after.get(1..)?, literal).is_some() {
            return None;
        }
        pieces.push(Piece {
            macros: std::mem::take(&mut macros),
            text: before,
        });
    }
    if !macros.is_empty() {
        pieces.push(Piece { macros, text: rest });
    }
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::waf::Variable;

    #[test]
    fn what_stands_for_macros_is_found() {
        let literal = |text: &str| Expand::Literal(text.as_bytes().into());
        let a_macro = || Expand::Variable(Variable::MatchedVar, None);
        let template = Expansion {
            pieces: [
                literal("a "),
                a_macro(),
                literal(" in "),
                a_macro(),
                a_macro(),
            ]
            .into(),
        };
        for (text, expected) in [
            (&b"a x in y"[..], Some(&[(1, &b"x"[..]), (2, b"y")][..])),
            (b"a  in ", Some(&[(1, b""), (2, b"")])),
            (b"a x in y in z", None),
            (b"b x in y", None),
        ] {
            let found = pieces(&template, text).map(|pieces| {
                let pairs = pieces.iter().map(|it| (it.macros.len(), it.text));
                pairs.collect::<Vec<_>>()
            });
            assert_eq!(found.as_deref(), expected);
        }
    }
}
