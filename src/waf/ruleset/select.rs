//! Which members of a collection a target means.

use std::sync::Arc;

use regex_automata::meta::Regex;

use crate::waf::tx::Slot;

/// Which members of a collection a target means.
#[derive(Clone, Debug)]
pub(crate) enum Select {
    /// Every one.
    All,
    /// Those of this name, which is in lower case.
    Name(Box<[u8]>),
    /// The member of `TX` at this place.
    Tx(Slot),
    /// Those whose names match.
    Regex(Arc<Regex>),
    /// The members of `TX` whose names match. Which of those with places do is known, as far as places
    /// had been given; the others are looked at.
    TxRegex(Arc<Regex>, Arc<KnownSlots>),
}

/// Places that were found to match, of all below `below`.
#[derive(Clone, Debug)]
pub(crate) struct KnownSlots {
    pub(crate) slots: Vec<Slot>,
    pub(crate) below: u16,
}

impl Select {
    /// Whether it means the member called `name`. A place in `TX` is compared by the caller.
    pub(crate) fn holds(&self, name: &[u8]) -> bool {
        match self {
            Self::All => true,
            Self::Name(lower) => lower.eq_ignore_ascii_case(name),
            Self::Tx(_) => false,
            Self::Regex(regex) | Self::TxRegex(regex, _) => regex.is_match(name),
        }
    }
}
