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
    Regex(Arc<NamePattern>),
    /// The members of `TX` whose names match. Which of those with places do is known, as far as places
    /// had been given; the others are looked at.
    TxRegex(Arc<NamePattern>, Arc<KnownSlots>),
}

/// An expression that chooses members by their names, without case.
#[derive(Debug)]
pub(crate) struct NamePattern {
    regex: Regex,
    /// What names begin with that it chooses, in lower case, where that is all it says.
    prefix: Option<Box<[u8]>>,
}

impl NamePattern {
    /// The expression `regex`, written as `pattern`.
    pub(crate) fn new(pattern: &[u8], regex: Regex) -> Self {
        let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        let prefix = pattern.strip_prefix(b"^");
        let prefix = prefix.filter(|prefix| prefix.iter().all(is_plain));
        Self {
            regex,
            prefix: prefix.map(|prefix| prefix.to_ascii_lowercase().into()),
        }
    }

    /// Whether it chooses the member called `name`.
    pub(crate) fn holds(&self, name: &[u8]) -> bool {
        match &self.prefix {
            Some(prefix) => name
                .get(..prefix.len())
                .is_some_and(|first| first.eq_ignore_ascii_case(prefix)),
            None => self.regex.is_match(name),
        }
    }

    /// The same, of a name in lower case.
    pub(crate) fn holds_lower(&self, lower: &[u8]) -> bool {
        match &self.prefix {
            Some(prefix) => lower.starts_with(prefix),
            None => self.regex.is_match(lower),
        }
    }
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
            Self::Regex(regex) | Self::TxRegex(regex, _) => regex.holds(name),
        }
    }
}
