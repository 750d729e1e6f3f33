//! The values of an exchange, lists and single ones.

use super::{List, Scalars, Source};
use crate::waf::{Pairs, Variable};

/// The values of an exchange.
#[derive(Debug, Default)]
pub(crate) struct Values {
    lists: [Pairs; List::COUNT],
    pub(crate) scalars: Scalars,
}

impl Values {
    /// Forgets all values and keeps the memory, up to a bound.
    pub(crate) fn clear(&mut self) {
        for list in &mut self.lists {
            list.clear();
        }
        self.scalars.clear();
    }

    /// A list.
    pub(crate) fn list(&self, list: List) -> &Pairs {
        self.lists
            .get(list as usize)
            .expect("every list has a place")
    }

    /// A list, to be filled.
    pub(crate) fn list_mut(&mut self, list: List) -> &mut Pairs {
        self.lists
            .get_mut(list as usize)
            .expect("every list has a place")
    }

    /// How many values a source has.
    pub(crate) fn count(&self, source: Source) -> usize {
        match source {
            Source::Values(list) | Source::Names(list) => self.list(list).len(),
            Source::One(variable) => usize::from(self.scalars.value(variable).is_some()),
        }
    }

    /// The name and value at `index` of a source; a single value has no name.
    pub(crate) fn at(&self, source: Source, index: usize) -> Option<(&[u8], &[u8])> {
        match source {
            Source::Values(list) => self.list(list).at(index),
            Source::Names(list) => self.list(list).at(index).map(|(name, _)| (name, name)),
            Source::One(variable) if index == 0 => {
                self.scalars.value(variable).map(|value| (&b""[..], value))
            }
            Source::One(_) => None,
        }
    }

    /// The first value of a variable, or of its first member called `name`.
    pub(crate) fn first(&self, variable: Variable, name: Option<&[u8]>) -> Option<&[u8]> {
        super::sources(variable)
            .into_iter()
            .flatten()
            .find_map(|source| {
                let mut all = (0..self.count(source)).filter_map(|index| self.at(source, index));
                match name {
                    None => all.next(),
                    Some(name) => all.find(|(member, _)| member.eq_ignore_ascii_case(name)),
                }
                .map(|(_, value)| value)
            })
    }
}
