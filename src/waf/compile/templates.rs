//! Text with macros: names to places.

use crate::waf::{
    Variable,
    ruleset::{Expand, Expansion},
    seclang::{Piece, Template},
    tx::TxNames,
};

/// Gives the names in a text places.
pub(super) fn expansion(template: &Template, names: &mut TxNames) -> Expansion {
    let pieces = template.pieces.iter().map(|piece| match piece {
        Piece::Literal(text) => Expand::Literal(text.clone()),
        Piece::Macro(Variable::Tx, Some(member)) => match names.intern(member) {
            Some(slot) => Expand::Tx(slot),
            None => Expand::Literal(Box::default()),
        },
        Piece::Macro(variable, member) => {
            let lower = member.as_ref().map(|name| name.to_ascii_lowercase().into());
            Expand::Variable(*variable, lower)
        }
    });
    Expansion {
        pieces: pieces.collect(),
    }
}

/// The literal pieces of a text.
pub(super) fn plain(template: &Template) -> Vec<u8> {
    let mut out = Vec::new();
    for piece in &template.pieces {
        if let Piece::Literal(text) = piece {
            out.extend_from_slice(text);
        }
    }
    out
}
