//! Text with macros, names resolved.

use crate::waf::{Variable, tx::Slot};

/// Text with macros, as the evaluator expands it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expansion {
    pub(crate) pieces: Box<[Expand]>,
}

/// A piece of an [`Expansion`].
#[derive(Clone, Debug)]
pub(crate) enum Expand {
    /// These bytes.
    Literal(Box<[u8]>),
    /// A member of `TX` that has a place.
    Tx(Slot),
    /// The first value of a variable, or of the first member of this name (in lower case).
    Variable(Variable, Option<Box<[u8]>>),
}

impl Expansion {
    /// Its text, where it has no macro.
    pub(crate) fn literal(&self) -> Option<&[u8]> {
        match &*self.pieces {
            [] => Some(b""),
            [Expand::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it speaks of what has matched.
    pub(crate) fn tells_matches(&self) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Expand::Variable(variable, _) => variable.is_match(),
            Expand::Literal(_) | Expand::Tx(_) => false,
        })
    }
}
